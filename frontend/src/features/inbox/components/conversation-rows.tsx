import { ArrowUp } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, type Ref, useCallback, useMemo, useRef } from "react";
import { useConversationEntries } from "@/shared/acts";
import {
  ConversationRow,
  type Density,
  ROW_HEIGHTS,
} from "@/shared/conversation-row/conversation-row";
import type { RowBook } from "@/shared/conversation-row/row-book";
import { useTranslation } from "@/shared/i18n/use-translation";
import { live } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import type { useHold } from "@/shared/ui/list/frozen-order";
import { VirtualList, type VirtualListHandle } from "@/shared/ui/list/virtual-list";
import { ContextMenu } from "@/shared/ui/overlay/menu";
import type { Selection } from "../model/selection";

export interface ConversationRowsProps {
  ids: readonly string[];
  total: number | undefined;
  openId: string | null;
  density: Density;
  selection: Selection;
  book: RowBook;
  hold: ReturnType<typeof useHold>;
  fresh: number;
  onShowFresh: () => void;
  hasMore: boolean;
  loadMore: () => void;
  onOpen: (id: string) => void;
  handle: Ref<VirtualListHandle>;
}

const wantsMany = (event: MouseEvent) => event.ctrlKey || event.metaKey || event.shiftKey;

export function ConversationRows(props: ConversationRowsProps) {
  const { ids, selection, book, density, openId, hold, fresh } = props;
  const { t } = useTranslation("inbox");
  const entriesOf = useConversationEntries();
  const menuRow = useRef<string | null>(null);
  const onToggle = useStableToggle(selection);
  const choosing = selection.ids.size > 0;
  const prefetch = usePrefetch();

  const onRowClick = (event: MouseEvent, id: string) => {
    if (!wantsMany(event)) return;
    event.preventDefault();
    onToggle(id, event.shiftKey);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    hold.handlers.onKeyDown();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      event.preventDefault();
      selection.selectAll();
    } else if (event.key === "Escape" && choosing) {
      event.preventDefault();
      selection.clear();
    }
  };
  const onRowKey = (event: KeyboardEvent, id: string) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "x") return;
    event.preventDefault();
    onToggle(id, event.shiftKey);
  };
  const entries = () => {
    const row = menuRow.current ? book.get(menuRow.current) : undefined;
    return row ? entriesOf(row) : [];
  };

  return (
    <ContextMenu entries={entries}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the list inside has the role */}
      <div
        className="relative flex min-h-0 flex-1 flex-col"
        {...hold.handlers}
        onKeyDown={onKeyDown}
        onPointerOver={(event) => prefetch.rest(rowAt(event.target))}
        onPointerLeave={() => prefetch.rest(null)}
        onContextMenu={(event) => {
          menuRow.current = rowAt(event.target);
          if (!menuRow.current) event.preventDefault();
        }}
      >
        {fresh > 0 && (
          <Button
            variant="primary"
            size="small"
            className="absolute top-2 left-1/2 z-10 -translate-x-1/2 rounded-full shadow-overlay"
            onClick={props.onShowFresh}
          >
            <ArrowUp aria-hidden className="size-4" />
            {t("list.fresh", { count: fresh })}
          </Button>
        )}
        <VirtualList
          ref={props.handle}
          label={t("list.label")}
          ids={ids}
          {...(props.total === undefined ? {} : { total: Math.max(props.total, ids.length) })}
          rowHeight={ROW_HEIGHTS[density]}
          currentId={openId}
          chosen={selection.ids}
          onActivate={props.onOpen}
          onRowClick={onRowClick}
          onRowKey={onRowKey}
          onActiveChange={live.prefetchThread}
          onEndReached={() => props.hasMore && props.loadMore()}
          footer={
            props.hasMore && (
              <SkeletonRows count={1} height={ROW_HEIGHTS[density]} label={t("list.loading")} />
            )
          }
          renderRow={(id) => (
            <ConversationRow
              id={id}
              density={density}
              isOpen={id === openId}
              isChosen={selection.ids.has(id)}
              choosing={choosing}
              onToggle={onToggle}
              book={book}
            />
          )}
        />
      </div>
    </ContextMenu>
  );
}

/** Stays the same function, so that rows which do not change are not drawn anew. */
function useStableToggle(selection: Selection) {
  const latest = useRef(selection);
  latest.current = selection;
  return useCallback((id: string, range: boolean) => {
    if (range) latest.current.extendTo(id);
    else latest.current.toggle(id);
  }, []);
}

const REST_MS = 60;

/** Fetches the thread of the row on which the pointer rests: a click usually follows. */
function usePrefetch() {
  const waiting = useRef<{ id: string | null; timer?: ReturnType<typeof setTimeout> }>({
    id: null,
  });
  return useMemo(
    () => ({
      rest(id: string | null) {
        if (waiting.current.id === id) return;
        clearTimeout(waiting.current.timer);
        waiting.current = { id };
        if (id) waiting.current.timer = setTimeout(() => live.prefetchThread(id), REST_MS);
      },
    }),
    [],
  );
}

function rowAt(target: EventTarget): string | null {
  const element = target instanceof Element ? target.closest<HTMLElement>("[data-row-id]") : null;
  return element?.dataset.rowId ?? null;
}

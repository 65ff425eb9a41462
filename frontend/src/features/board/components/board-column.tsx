import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/adapter/element-adapter";
import { type KeyboardEvent, type Ref, useEffect, useMemo, useRef, useState } from "react";
import { type Density, ROW_HEIGHTS } from "@/shared/conversation-row/conversation-row";
import type { RowBook } from "@/shared/conversation-row/row-book";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useConversationList } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";
import { StatusIcon } from "@/shared/ui/display/status-pill";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { useFrozenOrder, useHold } from "@/shared/ui/list/frozen-order";
import { VirtualList, type VirtualListHandle } from "@/shared/ui/list/virtual-list";
import { COLUMN_SORTS, type Column, columnFilter } from "../model/columns";
import type { Moves } from "../model/use-moves";
import { BoardCard } from "./board-card";

export interface BoardColumnProps {
  column: Column;
  team: readonly string[];
  density: Density;
  book: RowBook;
  moves: Moves;
  onOpen: (id: string) => void;
  onRowKey: (event: KeyboardEvent, id: string) => void;
  handle: Ref<VirtualListHandle>;
  /** Tells the board which rows the column shows. */
  onIds: (column: Column, ids: readonly string[]) => void;
}

const conversationOf = (data: Record<string | symbol, unknown>, book: RowBook) =>
  typeof data.conversationId === "string" ? book.get(data.conversationId) : undefined;

/** One status: its conversations, and a place to drop others. */
export function BoardColumn(props: BoardColumnProps) {
  const { column, team, density, book, moves } = props;
  const { t } = useTranslation("board");
  const filter = useMemo(() => columnFilter(column, team), [column, team]);
  const list = useConversationList(filter, COLUMN_SORTS[column]);
  const hold = useHold();
  const order = useFrozenOrder(`${column} ${team.join()}`, list.ids, hold.held);
  const { element, isOver } = useDrop(column, book, moves);
  const { onIds } = props;
  useEffect(() => onIds(column, order.ids));
  const name = t(`shared:status.${column}`);
  const rowHeight = ROW_HEIGHTS[density];

  const rows = () => {
    if (order.ids.length > 0) {
      return (
        <VirtualList
          ref={props.handle}
          label={name}
          ids={order.ids}
          rowHeight={rowHeight}
          onActivate={props.onOpen}
          onRowKey={props.onRowKey}
          onEndReached={() => list.hasMore && list.loadMore()}
          renderRow={(id) => (
            <BoardCard
              id={id}
              density={density}
              book={book}
              canMove={(each) => {
                const row = book.get(each);
                return row !== undefined && moves.targets(row).length > 0;
              }}
            />
          )}
        />
      );
    }
    if (list.state === "error") return <ErrorState error={list.error} onRetry={list.retry} />;
    if (list.state === "loading") {
      return <SkeletonRows count={5} height={rowHeight} label={t("loading")} />;
    }
    return <EmptyState title={t(`empty.${column}.title`)}>{t(`empty.${column}.text`)}</EmptyState>;
  };

  return (
    <section
      ref={element}
      aria-label={name}
      className={cn(
        "flex min-h-0 min-w-72 flex-1 snap-start flex-col rounded-control border border-divider bg-panel",
        isOver && "border-accent bg-selected",
      )}
    >
      <header className="flex h-10 shrink-0 items-center gap-2 border-divider border-b px-3 [&_svg]:size-4 [&_svg]:text-text-3">
        <StatusIcon status={column} />
        <h2 className="font-semibold text-list">{name}</h2>
        <span className="text-meta text-text-3 tabular-nums">
          {order.ids.length}
          {list.hasMore && "+"}
        </span>
        {isOver && <span className="ml-auto text-accent text-meta">{t(`drop.${column}`)}</span>}
        {!isOver && order.fresh > 0 && (
          <button
            type="button"
            onClick={order.showFresh}
            className="ml-auto min-h-6 rounded-control px-1 font-medium text-accent text-meta hover:bg-hover"
          >
            {t("fresh", { count: order.fresh })}
          </button>
        )}
      </header>
      <div className="flex min-h-0 flex-1 flex-col" {...hold.handlers}>
        {rows()}
      </div>
    </section>
  );
}

/** The column as a place to drop what may move there. */
function useDrop(column: Column, book: RowBook, moves: Moves) {
  const element = useRef<HTMLElement>(null);
  const [isOver, setIsOver] = useState(false);
  const latest = useRef(moves);
  latest.current = moves;
  useEffect(() => {
    if (!element.current) return;
    return dropTargetForElements({
      element: element.current,
      canDrop: ({ source }) => {
        const row = conversationOf(source.data, book);
        return row !== undefined && latest.current.may(row, column);
      },
      onDragEnter: () => setIsOver(true),
      onDragLeave: () => setIsOver(false),
      onDrop: ({ source }) => {
        setIsOver(false);
        const row = conversationOf(source.data, book);
        if (row) latest.current.move(row, column);
      },
    });
  }, [column, book]);
  return { element, isOver };
}

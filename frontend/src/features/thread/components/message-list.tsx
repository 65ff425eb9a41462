import { type Range, useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useNow } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import type { DisplayRow } from "../model/display-rows";
import { findHeldKeys, withHeldRows } from "../model/held-rows";
import { useMessageFocus } from "../model/use-message-focus";
import { ThreadRowView } from "./thread-row";

const ESTIMATED_HEIGHT = 64;
const END_SPACE = 16;
const OVERSCAN = 8;
/** Closer to the end than this, the list follows new messages. */
const END_THRESHOLD = 80;
/** Older or newer pages are fetched when fewer rows than this are left. */
const PREFETCH_ROWS = 15;
const FLASH_MS = 1_500;

export interface ScrollTarget {
  /** The row to show; null: the end. */
  key: string | null;
  /** Changes with every wish, so that the same row can be asked for twice. */
  request: number;
}

interface MessageListProps {
  rows: readonly DisplayRow[];
  hasOlder: boolean;
  hasNewer: boolean;
  onOlder: () => void;
  onNewer: () => void;
  onEnd: () => void;
  target: ScrollTarget | null;
  label: string;
}

/** The virtual list of a thread. It keeps to the end, or to the row that is being read. */
export function MessageList(props: MessageListProps) {
  const { rows, hasOlder, hasNewer, onOlder, onNewer, onEnd, target, label } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATED_HEIGHT,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: END_THRESHOLD,
    overscan: OVERSCAN,
    rangeExtractor: useCallback(
      (range: Range) => withHeldRows(range, rows, findHeldKeys(scroller.current)),
      [rows],
    ),
    paddingEnd: END_SPACE,
  });
  const today = useNow(60_000);
  const [isAtEnd, setAtEnd] = useState(true);
  const newRows = useNewRows(rows, isAtEnd);
  const flashing = useScrollTarget(virtualizer, rows, target);
  const items = virtualizer.getVirtualItems();
  useStartAtEnd(virtualizer, rows.length > 0);
  // Not the first and last item: a row that is held may be far away.
  const first = (virtualizer.range?.startIndex ?? 0) - OVERSCAN;
  const last = (virtualizer.range?.endIndex ?? 0) + OVERSCAN;
  const onKeyDown = useMessageFocus(scroller, virtualizer, rows.length);
  usePrefetch(hasOlder && items.length > 0 && first < PREFETCH_ROWS, rows.length, onOlder);
  usePrefetch(hasNewer && last > rows.length - PREFETCH_ROWS, rows.length, onNewer);
  const toEnd = () => {
    if (hasNewer) onEnd();
    else virtualizer.scrollToEnd();
  };
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        className="h-full overflow-y-auto overflow-x-hidden [overflow-anchor:none]"
        onScroll={() => setAtEnd(virtualizer.isAtEnd(END_THRESHOLD))}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
        tabIndex={0}
        role="feed"
        aria-label={label}
        onKeyDown={onKeyDown}
      >
        <div className="relative w-full" style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <article
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                data-key={row.key}
                tabIndex={-1}
                data-row={row.type}
                aria-posinset={item.index + 1}
                aria-setsize={hasOlder || hasNewer ? -1 : rows.length}
                className="focus-inset absolute top-0 left-0 w-full"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <ThreadRowView row={row} today={today} isFlashing={flashing === row.key} />
              </article>
            );
          })}
        </div>
      </div>
      {(!isAtEnd || hasNewer) && <ToEnd count={newRows} onClick={toEnd} />}
    </div>
  );
}

function ToEnd({ count, onClick }: { count: number; onClick: () => void }) {
  const { t } = useTranslation("thread");
  return (
    <Button
      className="absolute right-4 bottom-3 rounded-full bg-overlay shadow-overlay"
      onClick={onClick}
    >
      <ArrowDown className="size-4" aria-hidden />
      {count > 0 ? t("end.new", { count }) : t("end.label")}
    </Button>
  );
}

type List = Virtualizer<HTMLDivElement, Element>;

function useStartAtEnd(virtualizer: List, hasRows: boolean) {
  const isStarted = useRef(false);
  useLayoutEffect(() => {
    if (!hasRows || isStarted.current) return;
    isStarted.current = true;
    virtualizer.scrollToEnd();
  }, [virtualizer, hasRows]);
}

/** Rows that came below while the reader was elsewhere. */
function useNewRows(rows: readonly DisplayRow[], isAtEnd: boolean): number {
  const lastSeen = useRef<string | undefined>(rows.at(-1)?.key);
  useEffect(() => {
    if (isAtEnd) lastSeen.current = rows.at(-1)?.key;
  }, [rows, isAtEnd]);
  if (isAtEnd) return 0;
  const index = rows.findLastIndex((each) => each.key === lastSeen.current);
  return index === -1 ? 0 : rows.length - 1 - index;
}

/** Fetches when an edge comes near, and again if a page was too short to move it away. */
function usePrefetch(isDue: boolean, rowCount: number, fetchMore: () => void) {
  const latest = useRef(fetchMore);
  useEffect(() => {
    latest.current = fetchMore;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page changes the count
  useEffect(() => {
    if (isDue) latest.current();
  }, [isDue, rowCount]);
}

/** Scrolls to a wished row and returns its key while it is highlighted. */
function useScrollTarget(
  virtualizer: List,
  rows: readonly DisplayRow[],
  target: ScrollTarget | null,
): string | null {
  const [flashing, setFlashing] = useState<string | null>(null);
  const done = useRef<number | null>(null);
  useEffect(() => {
    if (!target || done.current === target.request) return;
    if (target.key === null) {
      done.current = target.request;
      virtualizer.scrollToEnd();
      return;
    }
    const index = rows.findIndex((each) => each.key === target.key);
    if (index === -1) return;
    done.current = target.request;
    setFlashing(target.key);
    virtualizer.scrollToIndex(index, { align: "center" });
    // Rows above are measured only now, so the first jump can miss: repeat it.
    const again = requestAnimationFrame(() =>
      virtualizer.scrollToIndex(index, { align: "center" }),
    );
    const timer = setTimeout(() => setFlashing(null), FLASH_MS);
    return () => {
      cancelAnimationFrame(again);
      clearTimeout(timer);
    };
  }, [virtualizer, rows, target]);
  return flashing;
}

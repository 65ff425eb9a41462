import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import {
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { cn } from "../class-names";
import { moveInList } from "./move-in-list";

export interface RowState {
  /** The row that Tab reaches and the arrow keys move from. */
  active: boolean;
}

export interface VirtualListHandle {
  /** Moves the focus to a row, loaded and mounted or not. */
  focusRow(id: string): void;
  scrollToRow(id: string): void;
}

export interface VirtualListProps {
  /** The accessible name. */
  label: string;
  ids: readonly string[];
  /** Pixels. All rows have this height. */
  rowHeight: number;
  renderRow: (id: string, state: RowState) => ReactNode;
  /** The row that is open: marked `aria-current`, kept mounted, and where Tab enters. */
  currentId?: string | null;
  /** For a list of many choices: the chosen rows. Leave it out where nothing can be chosen. */
  chosen?: ReadonlySet<string>;
  /** Enter, or a click without a modifier key. */
  onActivate?: (id: string) => void;
  /** A key that the list does not use itself. */
  onRowKey?: (event: KeyboardEvent, id: string) => void;
  onRowClick?: (event: React.MouseEvent, id: string) => void;
  /** The focus has moved to a row. */
  onActiveChange?: (id: string) => void;
  /** The end is near: load more. */
  onEndReached?: () => void;
  /** How many rows there are in all, if more than are loaded. */
  total?: number;
  footer?: ReactNode;
  className?: string;
  ref?: Ref<VirtualListHandle>;
}

const OVERSCAN = 5;

/**
 * A long list of rows of one height. One row is in the order of Tab; arrows, Home, End and the page keys
 * move. The row with the focus stays mounted wherever the list is scrolled, so the focus is never lost.
 */
export function VirtualList({
  label,
  ids,
  rowHeight,
  renderRow,
  currentId = null,
  chosen,
  onActivate,
  onRowKey,
  onRowClick,
  onActiveChange,
  onEndReached,
  total,
  footer,
  className,
  ref,
}: VirtualListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const focused = useRef<{ id: string; index: number } | null>(null);
  const found = ids.indexOf(activeId ?? currentId ?? "");
  const active = found >= 0 ? found : Math.max(0, ids.indexOf(currentId ?? ""));

  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => ids[index] ?? index,
    overscan: OVERSCAN,
    rangeExtractor: useCallback((range: Range) => withRow(range, active), [active]),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows have a new height
  useEffect(() => virtualizer.measure(), [rowHeight]);

  const focusRow = (id: string) => {
    const index = ids.indexOf(id);
    if (index < 0) return;
    setActiveId(id);
    wanted.current = id;
    virtualizer.scrollToIndex(index);
    focusMounted(scroller.current, wanted);
  };
  useEffect(() => focusMounted(scroller.current, wanted));
  useFocusAfterRemoval(ids, focused, focusRow);
  const isReady = ids.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the list is first there
  useEffect(() => {
    if (isReady && found > 0) virtualizer.scrollToIndex(found);
  }, [isReady]);
  useImperativeHandle(ref, () => ({
    focusRow,
    scrollToRow: (id) => {
      const index = ids.indexOf(id);
      if (index >= 0) virtualizer.scrollToIndex(index);
    },
  }));

  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const nearEnd = ids.length > 0 && last >= ids.length - OVERSCAN * 2;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for each length of the list
  useEffect(() => {
    if (nearEnd) onEndReached?.();
  }, [nearEnd, ids.length]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const id = ids[active];
    if (id === undefined || event.defaultPrevented) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const next = moveInList(event, active, ids.length, page);
    if (next !== null) {
      event.preventDefault();
      focusRow(ids[next] ?? id);
    } else if (event.key === "Enter" && event.target === rowElement(scroller.current, id)) {
      event.preventDefault();
      onActivate?.(id);
    } else onRowKey?.(event, id);
  };
  const onFocus = (event: FocusEvent<HTMLDivElement>) => {
    const id = event.target.closest<HTMLElement>("[data-row-id]")?.dataset.rowId;
    if (!id) return;
    focused.current = { id, index: ids.indexOf(id) };
    if (id !== activeId) setActiveId(id);
    onActiveChange?.(id);
  };

  return (
    <div ref={scroller} className={cn("min-h-0 flex-1 overflow-y-auto", className)}>
      <div
        role="listbox"
        aria-label={label}
        aria-multiselectable={chosen ? true : undefined}
        tabIndex={-1}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onBlur={() => {
          focused.current = null;
        }}
        className="relative outline-none"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {items.map((item) => {
          const id = ids[item.index] as string;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the list
            <div
              key={item.key}
              role="option"
              data-row-id={id}
              tabIndex={item.index === active ? 0 : -1}
              aria-selected={chosen ? chosen.has(id) : id === currentId}
              aria-current={id === currentId ? "true" : undefined}
              aria-posinset={item.index + 1}
              aria-setsize={total ?? ids.length}
              onClick={(event) => {
                onRowClick?.(event, id);
                if (!event.defaultPrevented) onActivate?.(id);
              }}
              className="focus-inset absolute inset-x-0 top-0"
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              {renderRow(id, { active: item.index === active })}
            </div>
          );
        })}
      </div>
      {footer}
    </div>
  );
}

/** The row with the focus has left the list: the one in its place gets the focus. */
function useFocusAfterRemoval(
  ids: readonly string[],
  focused: { current: { id: string; index: number } | null },
  focusRow: (id: string) => void,
): void {
  useEffect(() => {
    const { current } = focused;
    if (!current || ids.includes(current.id)) return;
    focused.current = null;
    const next = ids[Math.min(current.index, ids.length - 1)];
    const isLost = document.activeElement === document.body || document.activeElement === null;
    if (next !== undefined && isLost) focusRow(next);
  });
}

function withRow(range: Range, row: number): number[] {
  const rows = defaultRangeExtractor(range);
  if (row >= range.count || rows.includes(row)) return rows;
  return [...rows, row].sort((one, other) => one - other);
}

function rowElement(list: HTMLElement | null, id: string): HTMLElement | null {
  const rows = list?.querySelectorAll<HTMLElement>("[data-row-id]") ?? [];
  return [...rows].find((row) => row.dataset.rowId === id) ?? null;
}

function focusMounted(list: HTMLElement | null, wanted: { current: string | null }): void {
  if (!wanted.current) return;
  const element = rowElement(list, wanted.current);
  if (!element) return;
  wanted.current = null;
  element.focus({ preventScroll: true });
}

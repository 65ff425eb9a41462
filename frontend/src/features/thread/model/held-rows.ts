import { defaultRangeExtractor, type Range } from "@tanstack/react-virtual";

/**
 * The keys of mounted rows that must stay mounted wherever the list is scrolled: what plays would
 * fall silent, and the focus would be lost.
 */
export function findHeldKeys(list: HTMLElement | null): Set<string> {
  const keys = new Set<string>();
  const hold = (element: Element | null) => {
    const key = element?.closest<HTMLElement>("article[data-key]")?.dataset.key;
    if (key !== undefined) keys.add(key);
  };
  for (const element of list?.querySelectorAll("video, [data-playing=true]") ?? []) {
    const isPlaying = !(element instanceof HTMLVideoElement) || !(element.paused || element.ended);
    if (isPlaying) hold(element);
  }
  if (list?.contains(document.activeElement)) hold(document.activeElement);
  return keys;
}

/** The rows of a range and the held ones, in order. */
export function withHeldRows(
  range: Range,
  rows: readonly { key: string }[],
  held: ReadonlySet<string>,
): number[] {
  const indexes = defaultRangeExtractor(range);
  if (held.size === 0) return indexes;
  const shown = new Set(indexes);
  rows.forEach((row, index) => {
    if (index < range.count && held.has(row.key)) shown.add(index);
  });
  return [...shown].sort((one, other) => one - other);
}

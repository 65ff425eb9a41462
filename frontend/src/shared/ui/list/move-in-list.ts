interface Key {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

/** The index that a key moves to in a vertical list, or null if the key does not move. */
export function moveInList(event: Key, from: number, count: number, page: number): number | null {
  if (event.altKey || event.ctrlKey || event.metaKey || count === 0) return null;
  const last = count - 1;
  const moves: Record<string, number> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: last,
  };
  const to = moves[event.key];
  return to === undefined ? null : Math.min(last, Math.max(0, to));
}

import { useSyncExternalStore } from "react";

/** How many unread messages the title and the icon of the tab show. */
let count = 0;
const listeners = new Set<() => void>();

export function setAttention(next: number): void {
  if (next === count) return;
  count = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAttention(): number {
  return useSyncExternalStore(subscribe, () => count);
}

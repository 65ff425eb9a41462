import { useSyncExternalStore } from "react";
import { useScreenWidth } from "./screen-width";

const KEY = "niochat.side-panel";
const listeners = new Set<() => void>();
/** Beside the thread it stays as the user left it; over the thread it opens only when asked. */
let isOpenBeside = localStorage.getItem(KEY) !== "closed";
let isOpenOver = false;

function change(beside: boolean, over: boolean): void {
  isOpenBeside = beside;
  isOpenOver = over;
  localStorage.setItem(KEY, beside ? "open" : "closed");
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the side panel of the open conversation is shown, and how to show or hide it. */
export function useSidePanel(): { isOpen: boolean; setOpen: (open: boolean) => void } {
  const isWide = useScreenWidth() === "wide";
  const isOpen = useSyncExternalStore(subscribe, () => (isWide ? isOpenBeside : isOpenOver));
  const setOpen = (open: boolean) =>
    isWide ? change(open, isOpenOver) : change(isOpenBeside, open);
  return { isOpen, setOpen };
}

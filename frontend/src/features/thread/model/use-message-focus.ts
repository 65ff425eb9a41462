import type { Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";

type List = Virtualizer<HTMLDivElement, Element>;

function articleAt(list: HTMLElement | null, index: number): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`article[data-index="${index}"]`) ?? null;
}

/** The row with the focus, or null if the list itself has it. */
function focusedIndex(target: Element): number | null {
  const index = target.closest<HTMLElement>("article[data-index]")?.dataset.index;
  return index === undefined ? null : Number(index);
}

/** From the list itself arrow up goes to the last message in sight. */
function nextIndex(
  key: string,
  from: number | null,
  inSight: number,
  count: number,
): number | null {
  switch (key) {
    case "ArrowUp":
      return from === null ? inSight : from - 1;
    case "ArrowDown":
      return from === null ? null : from + 1;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

/** Fields, recordings and layers that a row has opened use these keys themselves. */
function isLeftAlone(event: KeyboardEvent<HTMLElement>): boolean {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return true;
  if (event.shiftKey || !event.currentTarget.contains(target)) return true;
  return target.matches("input, textarea, select, video, audio");
}

/** Arrows, Home and End move the focus from message to message. Returns the list's key handler. */
export function useMessageFocus(
  list: RefObject<HTMLDivElement | null>,
  virtualizer: List,
  count: number,
): (event: KeyboardEvent<HTMLElement>) => void {
  const wanted = useRef<number | null>(null);
  const focusWanted = () => {
    const article = wanted.current === null ? null : articleAt(list.current, wanted.current);
    if (!article) return;
    wanted.current = null;
    article.focus({ preventScroll: true });
  };
  // A row far away is mounted by the scrolling, and gets the focus then.
  useEffect(focusWanted);
  return (event) => {
    if (isLeftAlone(event)) return;
    const inSight = virtualizer.range?.endIndex ?? count - 1;
    const from = focusedIndex(event.target as HTMLElement);
    const next = nextIndex(event.key, from, inSight, count);
    if (next === null || next < 0 || next >= count) return;
    event.preventDefault();
    wanted.current = next;
    virtualizer.scrollToIndex(next, { align: "auto" });
    focusWanted();
  };
}

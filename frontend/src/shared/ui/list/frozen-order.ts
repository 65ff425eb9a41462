import { useEffect, useRef, useState } from "react";

// A pointer that lies still on the list for this long no longer holds the order.
const RELEASE_AFTER_MS = 60_000;

/**
 * The rows while the order is held: those that were shown and still belong to the list, in their old
 * order, then what was loaded below them. Rows that are new above count as `fresh`.
 */
export function heldOrder(
  shown: readonly string[],
  ids: readonly string[],
): { ids: readonly string[]; fresh: number } {
  const places = new Map(ids.map((id, index) => [id, index]));
  const kept = shown.filter((id) => places.has(id));
  const seen = new Set(kept);
  const deepest = kept.reduce((most, id) => Math.max(most, places.get(id) ?? 0), -1);
  const below = ids.filter((id, index) => !seen.has(id) && index > deepest);
  return { ids: [...kept, ...below], fresh: ids.length - kept.length - below.length };
}

/** Whether the user is about to act on a row: the pointer moves over the list or a row has the focus. */
export function useHold() {
  const [held, setHeld] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const hold = () => {
    setHeld(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setHeld(false), RELEASE_AFTER_MS);
  };
  const release = () => {
    clearTimeout(timer.current);
    setHeld(false);
  };
  return {
    held,
    release,
    handlers: {
      onPointerMove: (event: React.PointerEvent) => event.pointerType === "mouse" && hold(),
      onPointerLeave: (event: React.PointerEvent) =>
        !event.currentTarget.contains(document.activeElement) && release(),
      onFocus: hold,
      onKeyDown: hold,
      onBlur: (event: React.FocusEvent) =>
        !event.currentTarget.contains(event.relatedTarget) && release(),
    },
  };
}

/** The ids to show, how many are new meanwhile, and how to show them. `list` names the list. */
export function useFrozenOrder(list: string, ids: readonly string[], held: boolean) {
  const [shown, setShown] = useState({ list, ids });
  const isHeld = held && shown.list === list && shown.ids.length > 0;
  useEffect(() => {
    if (!isHeld) setShown({ list, ids });
  }, [isHeld, list, ids]);
  const order = isHeld ? heldOrder(shown.ids, ids) : { ids, fresh: 0 };
  return { ...order, showFresh: () => setShown({ list, ids }) };
}

import { useEffect, useRef } from "react";
import { live } from "@/shared/live";

const REPEAT_MS = 3_000;
const IDLE_MS = 5_000;

/** Tells colleagues that this user types; stops after a pause. Call the result on each key. */
export function useTypingSignal(conversationId: string): (isEmpty: boolean) => void {
  const state = useRef<{ sentAt: number; timer: ReturnType<typeof setTimeout> | undefined }>({
    sentAt: 0,
    timer: undefined,
  });
  useEffect(() => {
    const current = state.current;
    return () => {
      clearTimeout(current.timer);
      if (current.sentAt > 0) live.setTyping(conversationId, false);
      current.sentAt = 0;
    };
  }, [conversationId]);
  return (isEmpty) => {
    const current = state.current;
    clearTimeout(current.timer);
    const stop = () => {
      if (current.sentAt > 0) live.setTyping(conversationId, false);
      current.sentAt = 0;
    };
    if (isEmpty) return stop();
    const now = Date.now();
    if (now - current.sentAt > REPEAT_MS) {
      live.setTyping(conversationId, true);
      current.sentAt = now;
    }
    current.timer = setTimeout(stop, IDLE_MS);
  };
}

import { useEffect, useRef, useState } from "react";
import { lastAnswerAt, refreshSession } from "@/shared/api/client";
import type { CurrentUser } from "@/shared/api/session";

const CHECK_MS = 15_000;
const COUNT_MS = 1000;
const WARN_BEFORE_MS = 5 * 60_000;

/** When the session ends (ms) unless something is asked before: by idling or by its last day. */
export function sessionEnd(
  user: Pick<CurrentUser, "session_expires_at" | "idle_timeout_s">,
  lastRequestAt: number,
): number {
  return Math.min(Date.parse(user.session_expires_at), lastRequestAt + user.idle_timeout_s * 1000);
}

/** How long before its end the user is warned: five minutes, less in a short session. */
export function warningTime(idleTimeoutS: number): number {
  return Math.min(WARN_BEFORE_MS, (idleTimeoutS * 1000) / 4);
}

/**
 * Milliseconds until the session ends, once that is near; otherwise null. A session whose user is
 * at work is continued without asking.
 */
export function useSessionEnd(user: CurrentUser | undefined): number | null {
  const [remainingMs, setRemaining] = useState<number | null>(null);
  const usedAt = useRef(Date.now());
  useEffect(() => {
    const noteUse = () => {
      usedAt.current = Date.now();
    };
    for (const type of ["pointerdown", "keydown"]) window.addEventListener(type, noteUse);
    return () => {
      for (const type of ["pointerdown", "keydown"]) window.removeEventListener(type, noteUse);
    };
  }, []);
  const isNear = remainingMs !== null;
  useEffect(() => {
    if (!user?.session_expires_at) return;
    const warnMs = warningTime(user.idle_timeout_s);
    const check = () => {
      const left = sessionEnd(user, lastAnswerAt()) - Date.now();
      if (left > warnMs) return setRemaining(null);
      const isAtWork = Date.now() - usedAt.current < warnMs && !isNear;
      if (isAtWork && left > 0) void refreshSession().catch(() => undefined);
      else setRemaining(Math.max(0, left));
    };
    check();
    const timer = setInterval(check, isNear ? COUNT_MS : CHECK_MS);
    return () => clearInterval(timer);
  }, [user, isNear]);
  return remainingMs;
}

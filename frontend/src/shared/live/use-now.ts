import { useSyncExternalStore } from "react";

/** One timer for all clocks of the page. */
class Clock {
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly everyMs: number) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    this.timer ??= setInterval(() => {
      for (const each of this.listeners) each();
    }, this.everyMs);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0 || this.timer === null) return;
      clearInterval(this.timer);
      this.timer = null;
    };
  };

  /** The time in whole steps, so that it is the same for all clocks of a drawing. */
  read = (): number => Math.floor(Date.now() / this.everyMs) * this.everyMs;
}

const clocks = { 1000: new Clock(1000), 60000: new Clock(60000) };

/** The time in ms, to the second or to the minute. */
export function useNow(everyMs: 1000 | 60000 = 1000): number {
  const clock = clocks[everyMs];
  return useSyncExternalStore(clock.subscribe, clock.read);
}

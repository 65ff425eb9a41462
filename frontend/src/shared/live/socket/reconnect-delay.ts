import type { GoodbyeFrame } from "../frames.gen";

const FIRST_MS = 500;
const MAX_MS = 30_000;
/** After a goodbye that asks not to return: the user may have closed other pages meanwhile. */
const UNWANTED_MS = 60_000;

/**
 * Milliseconds before the next attempt after so many failures in a row. The server spreads the times
 * of its goodbyes itself; otherwise half of the delay is random, so that pages do not return at once.
 */
export function reconnectDelay(
  failures: number,
  goodbye: GoodbyeFrame | null,
  random: () => number = Math.random,
): number {
  if (goodbye) {
    const wait = goodbye.retry_after_s;
    return typeof wait === "number" ? wait * 1000 : UNWANTED_MS;
  }
  const delay = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return delay / 2 + (delay / 2) * random();
}

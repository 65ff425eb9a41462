import { useNow } from "@/shared/live";

/**
 * The server's present (ms), to the second: its time in the response plus what has passed since the
 * response came. The clock of a browser or a television may be wrong.
 */
export function useServerNow(at: string, receivedAt: number): number {
  const now = useNow(1000);
  return Date.parse(at) + Math.max(0, now - receivedAt);
}

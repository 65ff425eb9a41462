import { useDeferredValue } from "react";

/** False in the first drawing, true right after it: for what nobody reads first. */
export function useDrawnLater(): boolean {
  return useDeferredValue(true, false);
}

import { useSyncExternalStore } from "react";

/** `phone`: one pane. `narrow`: two, the side panel slides over. `wide`: three. */
export type ScreenWidth = "phone" | "narrow" | "wide";

const PHONE = "(max-width: 767.98px)";
const NARROW = "(max-width: 1199.98px)";

function readWidth(): ScreenWidth {
  if (matchMedia(PHONE).matches) return "phone";
  return matchMedia(NARROW).matches ? "narrow" : "wide";
}

function watchWidth(listener: () => void): () => void {
  const queries = [matchMedia(PHONE), matchMedia(NARROW)];
  for (const query of queries) query.addEventListener("change", listener);
  return () => {
    for (const query of queries) query.removeEventListener("change", listener);
  };
}

export function useScreenWidth(): ScreenWidth {
  return useSyncExternalStore(watchWidth, readWidth);
}

import { useEffect, useState } from "react";
import { useLiveState } from "@/shared/live";

/** The rows are to be painted first. */
const AFTER_CONTENT_MS = 200;
/** Pages without a list or a thread do not wait for one any longer. */
const MAX_WAIT_MS = 800;

const isFetched = (each: { loaded: boolean; error: unknown }) => each.loaded || Boolean(each.error);

/** False until the first page shows its rows or messages: what is not seen would only delay them. */
export function useContentShown(): boolean {
  const isLoaded = useLiveState((state) =>
    [...state.lists.values(), ...state.threads.values()].some(isFetched),
  );
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), isLoaded ? AFTER_CONTENT_MS : MAX_WAIT_MS);
    return () => clearTimeout(timer);
  }, [isLoaded]);
  return isShown;
}

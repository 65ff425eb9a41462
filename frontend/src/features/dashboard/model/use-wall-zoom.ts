import { useSyncExternalStore } from "react";

/** The width in pixels that the wall mode is laid out for. */
const WALL_WIDTH = 1_600;

function subscribe(changed: () => void): () => void {
  window.addEventListener("resize", changed);
  return () => window.removeEventListener("resize", changed);
}

/** How much larger a television shows the dashboard, so that 4K is read from as far away as 1080p. */
export function useWallZoom(isWall: boolean): number {
  const width = useSyncExternalStore(subscribe, () => window.innerWidth);
  return isWall ? Math.max(1, width / WALL_WIDTH) : 1;
}

const KEY = "niochat.reloaded-at";
const PAUSE_MS = 60_000;

/**
 * After an update the server no longer has the files of the older page. A part that cannot be loaded
 * makes the page load itself again: at most once a minute, so that a broken build shows its error.
 */
export function reloadAfterUpdate(now: () => number = Date.now): void {
  window.addEventListener("vite:preloadError", (event) => {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (now() - last < PAUSE_MS) return;
    sessionStorage.setItem(KEY, String(now()));
    event.preventDefault();
    location.reload();
  });
}

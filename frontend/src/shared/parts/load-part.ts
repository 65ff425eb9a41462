import { type ComponentType, lazy } from "react";

/** Milliseconds between two tries while the server cannot be reached; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** Tries while the server answers and has the build of this page. A line that has just come back may
 * carry one request and not yet the next one.
 */
const MAX_TRIES_WITH_SERVER = 4;
const RELOAD_KEY = "niochat.reloaded-at";
/** Milliseconds; a build that stays broken shows its error instead of reloading again and again. */
const MIN_RELOAD_INTERVAL_MS = 60_000;

/**
 * Imports a part of the page that is not in its first files.
 *
 * While the server cannot be reached, it waits and tries again: a reload would lose the page. After an
 * update the server no longer has the files of the older page; then the page is reloaded. Rejects
 * with the error of `load` if the server answers and has the build of this page.
 */
export async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  let triesWithServer = 0;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await load();
    } catch (error) {
      const build = await servedBuild();
      if (build === "other") {
        reloadPage();
        throw error;
      }
      if (build === "own" && ++triesWithServer === MAX_TRIES_WITH_SERVER) throw error;
      await pause(PAUSES_MS[attempt] ?? 15_000);
    }
  }
}

/** Like React's `lazy`, with `loadPart`. */
// biome-ignore lint/suspicious/noExplicitAny: React's own type of `lazy`
export function lazyPart<Part extends ComponentType<any>>(load: () => Promise<{ default: Part }>) {
  return lazy(() => loadPart(load));
}

/** The build that the server has: that of this page, another, or none because it does not answer. */
async function servedBuild(): Promise<"own" | "other" | "none"> {
  const script = document.querySelector("script[type=module][src]")?.getAttribute("src");
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) return "none";
    return !script || (await answer.text()).includes(script) ? "own" : "other";
  } catch {
    return "none";
  }
}

function reloadPage(): void {
  const last = Number(sessionStorage.getItem(RELOAD_KEY) ?? 0);
  if (Date.now() - last < MIN_RELOAD_INTERVAL_MS) return;
  sessionStorage.setItem(RELOAD_KEY, String(Date.now()));
  location.reload();
}

/** Returns after `ms`, or as soon as the browser is online again. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end);
  });
}

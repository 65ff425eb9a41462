/** How near a tab is to the user: the nearest one tells. */
type Nearness = "focused" | "visible" | "hidden";

const WAITS_MS: Record<Nearness, number> = { focused: 0, visible: 120, hidden: 300 };
const HELD_MS = 15_000;

function nearness(): Nearness {
  if (document.visibilityState === "hidden") return "hidden";
  return document.hasFocus() ? "focused" : "visible";
}

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** True for the first tab of this browser that asks for `key`. */
function claim(key: string): Promise<boolean> {
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock ? pause(HELD_MS) : undefined;
    };
    locks.request(`niochat.notice.${key}`, { ifAvailable: true }, hold).catch(() => resolve(true));
  });
}

/**
 * True in one tab of this browser: the one that the user looks at, or else any. `isRead`: the user
 * sees the event in this tab anyway, so this tab claims it first, and nobody needs to tell.
 */
export async function isSpeaker(key: string, isRead: boolean): Promise<boolean> {
  const wait = isRead ? 0 : WAITS_MS[nearness()] + 40;
  await pause(wait);
  return (await claim(key)) && !isRead;
}

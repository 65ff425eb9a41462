import { beforeEach, expect, test, vi } from "vitest";
import { isSpeaker } from "./one-tab";

/** Locks that all "tabs" of the test share. */
function shareLocks(): void {
  const held = new Set<string>();
  const request = async (
    name: string,
    _: LockOptions,
    use: (lock: Lock | null) => Promise<void> | undefined,
  ) => {
    if (held.has(name)) return use(null);
    held.add(name);
    await use({ name, mode: "exclusive" });
    held.delete(name);
  };
  vi.stubGlobal("navigator", { ...navigator, locks: { request } });
}

beforeEach(shareLocks);

test("of two tabs one speaks, of one event once", async () => {
  const answers = await Promise.all([isSpeaker("a", false), isSpeaker("a", false)]);
  expect(answers.filter(Boolean)).toHaveLength(1);
  expect(await isSpeaker("a", false)).toBe(false);
  expect(await isSpeaker("b", false)).toBe(true);
});

test("nobody speaks of what is being read in one of the tabs", async () => {
  const answers = await Promise.all([isSpeaker("c", false), isSpeaker("c", true)]);
  expect(answers).toEqual([false, false]);
});

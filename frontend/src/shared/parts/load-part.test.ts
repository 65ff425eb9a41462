import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadPart } from "./load-part";

const PART = { default: "the part" };
const GONE = new TypeError("Failed to fetch dynamically imported module");
const reload = vi.fn();
const ask = vi.fn<() => Promise<Response>>();

const page = (script: string) => new Response(`<script type="module" src="${script}"></script>`);
/** An import that fails as often as said. */
const failing = (times: number) => {
  let left = times;
  return vi.fn(() => (left-- > 0 ? Promise.reject(GONE) : Promise.resolve(PART)));
};

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  document.head.innerHTML = '<script type="module" src="/assets/index-own.js"></script>';
  vi.stubGlobal("location", { ...window.location, reload });
  vi.stubGlobal("fetch", ask);
});
afterEach(() => {
  vi.useRealTimers();
  vi.clearAllMocks();
});

test("waits for the line, and does not reload", async () => {
  ask.mockRejectedValue(new TypeError("Failed to fetch"));
  const load = failing(7);
  const part = loadPart(load);
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000 + 8_000 + 15_000 + 15_000);
  expect(load).toHaveBeenCalledTimes(7);
  window.dispatchEvent(new Event("online"));
  expect(await part).toBe(PART);
  expect(reload).not.toHaveBeenCalled();
});

test("a server that answers with an error is none", async () => {
  ask.mockResolvedValue(new Response("", { status: 502 }));
  const part = loadPart(failing(3));
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000);
  expect(await part).toBe(PART);
  expect(reload).not.toHaveBeenCalled();
});

test("tries again for a while when the line came back before the question", async () => {
  ask.mockImplementation(async () => page("/assets/index-own.js"));
  const part = loadPart(failing(3));
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000);
  expect(await part).toBe(PART);
  const broken = loadPart(failing(4));
  broken.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000);
  await expect(broken).rejects.toBe(GONE);
  expect(reload).not.toHaveBeenCalled();
});

test("after an update the page reloads, once a minute", async () => {
  ask.mockImplementation(async () => page("/assets/index-new.js"));
  await expect(loadPart(failing(2))).rejects.toBe(GONE);
  await expect(loadPart(failing(2))).rejects.toBe(GONE);
  expect(reload).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(60_000);
  await expect(loadPart(failing(2))).rejects.toBe(GONE);
  expect(reload).toHaveBeenCalledTimes(2);
});

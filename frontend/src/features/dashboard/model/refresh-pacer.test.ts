import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_CATCH_UPS, RefreshPacer } from "./refresh-pacer";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ALL = Number.POSITIVE_INFINITY;

test("a burst of events leads to one fetch at once and one a second later", async () => {
  const starts: number[] = [];
  const pacer = new RefreshPacer({
    fetch: async () => {
      starts.push(Date.now());
      return ALL;
    },
  });
  for (let index = 0; index < 20; index += 1) {
    pacer.request(index);
    await vi.advanceTimersByTimeAsync(50);
  }
  await vi.advanceTimersByTimeAsync(5_000);
  expect(starts).toHaveLength(2);
  expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBe(1_000);
});

test("without events nothing is fetched", async () => {
  const fetch = vi.fn(async () => ALL);
  const pacer = new RefreshPacer({ fetch });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(fetch).not.toHaveBeenCalled();
  pacer.request();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(fetch).toHaveBeenCalledTimes(1);
});

test("a response without the newest event is asked for again until it has it", async () => {
  const answers = [10, 10, 25];
  const fetch = vi.fn(async () => answers.shift() ?? ALL);
  const pacer = new RefreshPacer({ fetch });
  pacer.request(20);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetch).toHaveBeenCalledTimes(3);
});

test("a read model that stands still is not asked for ever", async () => {
  const fetch = vi.fn(async () => 0);
  const pacer = new RefreshPacer({ fetch });
  pacer.request(20);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(fetch).toHaveBeenCalledTimes(1 + MAX_CATCH_UPS);
});

test("an event during a fetch leads to another one, and a failure ends nothing", async () => {
  let release = () => {};
  const fetch = vi
    .fn<() => Promise<number>>()
    .mockImplementationOnce(
      () =>
        new Promise((_, reject) => {
          release = () => reject(new Error("no connection"));
        }),
    )
    .mockResolvedValue(ALL);
  const pacer = new RefreshPacer({ fetch });
  pacer.request(1);
  await vi.advanceTimersByTimeAsync(10);
  pacer.request(2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(fetch).toHaveBeenCalledTimes(1);
  release();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(fetch).toHaveBeenCalledTimes(2);
});

test("nothing is fetched after the page is left", async () => {
  const fetch = vi.fn(async () => ALL);
  const pacer = new RefreshPacer({ fetch });
  pacer.request(1);
  pacer.stop();
  pacer.request(2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(fetch).not.toHaveBeenCalled();
});

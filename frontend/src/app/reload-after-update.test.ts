import { expect, test, vi } from "vitest";
import { reloadAfterUpdate } from "./reload-after-update";

test("a part that is gone reloads the page, once a minute", () => {
  const reload = vi.fn();
  vi.stubGlobal("location", { ...window.location, reload });
  let now = 1_000_000;
  reloadAfterUpdate(() => now);
  const fail = () => {
    const event = new Event("vite:preloadError", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect([fail(), fail()]).toEqual([true, false]);
  expect(reload).toHaveBeenCalledTimes(1);
  now += 60_001;
  expect(fail()).toBe(true);
  expect(reload).toHaveBeenCalledTimes(2);
});

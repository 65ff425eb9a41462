import { expect, test } from "vitest";
import { findHeldKeys, withHeldRows } from "./held-rows";

const rows = Array.from({ length: 100 }, (_, index) => ({ key: `k${index}` }));
const range = { startIndex: 50, endIndex: 52, overscan: 1, count: 100 };

test("held rows are drawn beside those in sight, in order", () => {
  expect(withHeldRows(range, rows, new Set())).toEqual([49, 50, 51, 52, 53]);
  expect(withHeldRows(range, rows, new Set(["k90", "k3", "k50", "gone"]))).toEqual([
    3, 49, 50, 51, 52, 53, 90,
  ]);
});

test("what plays and what has the focus is held", () => {
  document.body.innerHTML = `
    <div id="list">
      <article data-key="idle"><video></video><div data-playing="false"></div></article>
      <article data-key="playing"><div data-playing="true"></div></article>
      <article data-key="video"><video id="video"></video></article>
      <article data-key="focused"><button>x</button></article>
    </div>`;
  Object.defineProperty(document.getElementById("video"), "paused", { value: false });
  document.querySelector("button")?.focus();
  const held = findHeldKeys(document.getElementById("list"));
  expect([...held].sort()).toEqual(["focused", "playing", "video"]);
});

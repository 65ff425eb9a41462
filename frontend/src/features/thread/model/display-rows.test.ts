import { expect, test } from "vitest";
import type { ThreadRow } from "@/shared/live";
import { decorateRows, findFirstUnread } from "./display-rows";

const ME = "user-1";

function message(key: string, sentAt: string, author = "customer", details = {}): ThreadRow {
  return {
    type: "message",
    key,
    conversationId: "c",
    message: { id: key, author, kind: "text", sent_at: sentAt, details },
  } as unknown as ThreadRow;
}

test("rows of one author within five minutes form a group", () => {
  const rows = decorateRows(
    [
      message("a", "2026-11-30T12:00:00Z"),
      message("b", "2026-11-30T12:01:00Z"),
      message("c", "2026-11-30T12:09:00Z"),
      message("d", "2026-11-30T12:09:10Z", "assistant"),
    ],
    ME,
    null,
  );
  expect(rows.map((each) => [each.groupStart, each.groupEnd])).toEqual([
    [true, false],
    [false, true],
    [true, true],
    [true, true],
  ]);
});

test("two agents are two groups", () => {
  const rows = decorateRows(
    [
      message("a", "2026-11-30T12:00:00Z", "agent", { agent: "x" }),
      message("b", "2026-11-30T12:00:05Z", "agent", { agent: "y" }),
    ],
    ME,
    null,
  );
  expect(rows[1]?.groupStart).toBe(true);
});

test("a day line stands above the first row of each day", () => {
  const rows = decorateRows(
    [
      message("a", "2026-11-28T15:00:00Z"),
      message("b", "2026-11-28T15:01:00Z"),
      message("c", "2026-11-30T15:00:00Z"),
    ],
    ME,
    null,
  );
  expect(rows.map((each) => each.day)).toEqual(["2026-11-28", null, "2026-11-30"]);
});

test("the unread line stands above the first unread message of the customer and starts a group", () => {
  const rows = [
    message("a", "2026-11-30T12:00:00Z"),
    message("b", "2026-11-30T12:00:10Z"),
    message("c", "2026-11-30T12:00:20Z", "assistant"),
    message("d", "2026-11-30T12:00:30Z"),
  ];
  const key = findFirstUnread(rows, "c", 2);
  expect(key).toBe("b");
  expect(decorateRows(rows, ME, key).map((each) => each.unread)).toEqual([
    false,
    true,
    false,
    false,
  ]);
  expect(decorateRows(rows, ME, key)[1]?.groupStart).toBe(true);
  expect(findFirstUnread(rows, "c", 0)).toBeNull();
});

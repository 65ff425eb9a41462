import { expect, test } from "vitest";
import { sessionEnd, warningTime } from "./session-end";

const DAY_S = 86_400;
const NOW = Date.parse("2026-03-12T12:00:00Z");

test("a session ends by idling or by its last day, whichever comes first", () => {
  const user = { session_expires_at: "2026-04-11T12:00:00Z", idle_timeout_s: 600 };
  expect(sessionEnd(user, NOW)).toBe(NOW + 600_000);
  expect(sessionEnd({ ...user, idle_timeout_s: 90 * DAY_S }, NOW)).toBe(
    Date.parse("2026-04-11T12:00:00Z"),
  );
});

test("the warning comes five minutes before, in a short session later", () => {
  expect(warningTime(12 * 3600)).toBe(300_000);
  expect(warningTime(600)).toBe(150_000);
});

import { expect, test } from "vitest";
import { replyRightOf } from "./reply-right";

const ME = "user-1";

test.each([
  ["pending", null, "assistant"],
  ["waiting", null, "nobody"],
  ["open", ME, "me"],
  ["open", "user-2", "colleague"],
  ["snoozed", ME, "snoozed"],
  ["resolved", "user-2", "resolved"],
] as const)("%s with agent %s: %s", (status, agent, expected) => {
  expect(replyRightOf({ status, agent }, ME)).toBe(expected);
});

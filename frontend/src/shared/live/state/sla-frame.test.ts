import { expect, it } from "vitest";
import { buildConversation, ME, serverTime } from "@/testing/live-builders";
import { reduceAll } from "./reducer";
import { createState } from "./state";

const sla = {
  target: "first_answer" as const,
  policy: "Ouro",
  warn_at: serverTime(100),
  due_at: serverTime(200),
};

it("a promise moves without a new version, and only in a conversation that is known", () => {
  const rows = [buildConversation("known", { version: 4 })];
  const known = reduceAll(createState(ME), [{ type: "conversations", rows, since: 0 }]);
  const told = reduceAll(known, [
    { type: "frame", frame: { type: "sla", conversation_id: "known", sla }, now: 0 },
    { type: "frame", frame: { type: "sla", conversation_id: "other", sla }, now: 0 },
  ]);
  expect(told.conversations.get("known")?.row).toMatchObject({ version: 4, sla });
  expect(told.conversations.has("other")).toBe(false);

  const kept = reduceAll(told, [
    { type: "frame", frame: { type: "sla", conversation_id: "known", sla: null }, now: 0 },
  ]);
  expect(kept.conversations.get("known")?.row.sla).toBeNull();
});

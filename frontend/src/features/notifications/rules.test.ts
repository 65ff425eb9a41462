import { expect, test } from "vitest";
import type { LiveEvent } from "@/shared/live";
import { conversation } from "@/testing/signed-in";
import { noticeKey, noticeOf, soundOf } from "./rules";

const ME = { id: "me", teams: ["support"] };
const NOBODY = {
  by: null,
  agent: null,
  queue: null,
  team: null,
  reason: null,
  labels: null,
  priority: null,
  until: null,
};

function event(name: string, row: object, more: object = {}): LiveEvent {
  return {
    event: name,
    conversation: conversation(row),
    message: null,
    activity: null,
    at: "2026-03-12T14:00:00Z",
    replayed: false,
    ...more,
  } as LiveEvent;
}

const activity = (more: object) => ({ activity: { ...NOBODY, ...more } });

test.each([
  [
    "a customer's message in my conversation",
    event("message_received", { agent: "me" }),
    "new_message",
  ],
  ["a customer's message in another's", event("message_received", { agent: "other" }), null],
  [
    "the queue gives me a conversation",
    event("conversation_assigned", { agent: "me" }, activity({ queue: "support" })),
    "assignment",
  ],
  [
    "I take a conversation over",
    event("conversation_assigned", { agent: "me" }, activity({ by: "me" })),
    null,
  ],
  [
    "somebody gives me a conversation",
    event("conversation_assigned", { agent: "me" }, activity({ by: "other" })),
    "assignment",
  ],
  [
    "somebody transfers a conversation to me",
    event("conversation_transferred", { agent: "me" }, activity({ agent: "me", by: "other" })),
    "assignment",
  ],
  [
    "somebody transfers a conversation to my team",
    event("conversation_transferred", {}, activity({ team: "support", by: "other" })),
    "new_conversation",
  ],
  [
    "I transfer a conversation to my team",
    event("conversation_transferred", {}, activity({ team: "support", by: "me" })),
    null,
  ],
  ["the assistant hands over to my team", event("conversation_handed_off", {}), "new_conversation"],
  [
    "the assistant hands over to another team",
    event("conversation_handed_off", { team: "billing" }),
    null,
  ],
  [
    "the queue had somebody at once",
    event("conversation_handed_off", { status: "open", agent: "other" }),
    null,
  ],
  [
    "a note mentions me",
    event("note_added", {}, { message: { details: { mentions: ["me"], agent: "other" } } }),
    "mention",
  ],
  [
    "I mention myself",
    event("note_added", {}, { message: { details: { mentions: ["me"], agent: "me" } } }),
    null,
  ],
  ["a note mentions nobody", event("note_added", {}, { message: { details: {} } }), null],
  ["a conversation is resolved", event("conversation_resolved", { agent: "me" }), null],
] as const)("%s", (_, given, wanted) => {
  expect(noticeOf(given, ME)).toBe(wanted);
});

test("what arrives while catching up notifies nobody", () => {
  const replayed = event("message_received", { agent: "me" }, { replayed: true });
  expect(noticeOf(replayed, ME)).toBeNull();
});

test("an event has the same key in all tabs, even if its row is newer in one", () => {
  const older = event("message_received", { version: 4 });
  const newer = event("message_received", { version: 6 });
  expect(noticeKey(older)).toBe(noticeKey(newer));
});

test("an assignment sounds like a new conversation", () => {
  const sounds = { new_message: "pop", new_conversation: "bell", mention: "ding" } as const;
  expect(soundOf("assignment", sounds)).toBe("bell");
  expect(soundOf("new_message", sounds)).toBe("pop");
});

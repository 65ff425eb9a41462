import { describe, expect, it } from "vitest";
import { buildConversation, buildMessage, ME, serverTime } from "@/testing/live-builders";
import type { Message } from "../types";
import { reduceAll } from "./reducer";
import { createState, type LiveState } from "./state";
import { findWindow, rowsOf } from "./thread-rows";

/** A resolved visit and the one after it, both shown in one thread. */
function openThreads(): LiveState {
  const visits = [
    buildConversation("new", { contact_id: "rita", opened_at: serverTime(9), version: 2 }),
    buildConversation("old", {
      contact_id: "rita",
      status: "resolved",
      version: 3,
      last_message: {
        id: "m2",
        version: 2,
        author: "agent",
        kind: "text",
        text: "tchau",
        sent_at: serverTime(2),
        status: "sent",
        deleted: false,
      },
    }),
  ];
  const page = (rows: Message[]) => [{ rows, activities: [], older: null, newer: null }];
  const said = [buildMessage("m2", 2, { author: "agent", status: "sent" }), buildMessage("m1", 1)];
  return reduceAll(createState(ME), [
    { type: "conversations", rows: visits, since: 0 },
    { type: "visits", contactId: "rita", rows: visits, cursor: null, since: 0 },
    { type: "thread_opened", id: "old" },
    { type: "thread_opened", id: "new" },
    { type: "thread_reset", id: "old", pages: page(said), since: 0 },
    { type: "thread_reset", id: "new", pages: page([buildMessage("n1", 1)]), since: 0 },
  ]);
}

function shown(state: LiveState): Message[] {
  return rowsOf(state, "new", findWindow(state, "new", null)).flatMap((row) =>
    row.type === "message" ? [row.message] : [],
  );
}

function change(message: Message) {
  const frame = { type: "message", conversation_id: "old", message } as const;
  return { type: "frame", frame, now: 0 } as const;
}

describe("a message that changed without an event", () => {
  const read = buildMessage("m2", 2, { author: "agent", status: "read" });

  it("changes in its own visit, and in the preview", () => {
    const before = openThreads();
    const after = reduceAll(before, [change(read)]);
    expect(shown(after).map((each) => [each.id, each.status])).toEqual([
      ["m1", null],
      ["m2", "read"],
      ["n1", null],
    ]);
    expect(after.threads.get("old")).not.toBe(before.threads.get("old"));
    expect(after.threads.get("new")).toBe(before.threads.get("new"));
    const last = after.conversations.get("old")?.row.last_message;
    expect(last).toMatchObject({ status: "read", text: read.text });
    expect(reduceAll(after, [change(read)]).threads.get("old")).toBe(after.threads.get("old"));
  });

  it("stays when a page comes that was requested before, not against a later one", () => {
    const before = openThreads();
    const rows = [buildMessage("m2", 2, { author: "agent", status: "delivered" })];
    const page = { rows, activities: [], older: null, newer: null };
    const after = reduceAll(before, [
      change(read),
      { type: "thread_page", id: "old", page, since: before.step },
    ]);
    expect(shown(after)[1]?.status).toBe("read");
    const later = reduceAll(after, [{ type: "thread_page", id: "old", page, since: after.step }]);
    expect(shown(later)[1]?.status).toBe("delivered");
  });

  it("is no new message of a thread that does not show it", () => {
    const before = openThreads();
    const after = reduceAll(before, [change(buildMessage("m0", 1, { text: "olá" }))]);
    expect(shown(after)).toEqual(shown(before));
    expect(after.threads.get("old")).toBe(before.threads.get("old"));
  });
});

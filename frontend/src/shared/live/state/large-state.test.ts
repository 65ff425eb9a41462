import { expect, it } from "vitest";
import {
  buildConversation,
  buildEvent,
  buildMessage,
  ME,
  serverTime,
} from "@/testing/live-builders";
import { createSpec } from "./list-spec";
import { type LiveInput, reduceAll } from "./reducer";
import { createState } from "./state";
import { findWindow, rowsOf } from "./thread-rows";

const CONVERSATIONS = 50_000;
const MESSAGES = 20_000;
const EVENTS = 200;

function measure<Result>(what: string, times: number, work: () => Result): Result {
  const start = performance.now();
  const result = work();
  const each = (performance.now() - start) / times;
  process.stdout.write(`  ${what}: ${each.toFixed(2)} ms\n`);
  return result;
}

/** Prints how long it takes; it fails only if the result is wrong. */
it("holds 50,000 conversations in lists and 20,000 messages in a thread", () => {
  const rows = Array.from({ length: CONVERSATIONS }, (_, at) =>
    buildConversation(`c${String(at).padStart(6, "0")}`, {
      changed_at: serverTime(at),
      waiting_since: at % 2 ? serverTime(at) : null,
      status: at % 2 ? "waiting" : "open",
      agent: at % 2 ? null : ME,
    }),
  ).reverse();
  const specs = [createSpec({}, "changed", ME), createSpec({ tab: "unassigned" }, "waiting", ME)];
  let state = reduceAll(createState(ME), [
    ...specs.map((spec) => ({ type: "list_opened" as const, spec })),
    { type: "thread_opened", id: "c000000" },
  ]);
  const fill = (key: string, source: number): LiveInput => ({
    type: "list_page",
    key,
    page: { source, rows, cursor: null, since: 0 },
  });
  const [all, waiting] = specs.map((spec) => spec.key) as [string, string];
  state = measure("all lists from pages", 1, () =>
    reduceAll(state, [fill(all, 0), fill(waiting, 0), fill(waiting, 1)]),
  );
  const messages = Array.from({ length: MESSAGES }, (_, at) => buildMessage(`m${at + 1}`, at + 1));
  const page = { rows: messages.reverse(), activities: [], older: null, newer: null };
  state = measure("thread from pages", 1, () =>
    reduceAll(state, [{ type: "thread_reset", id: "c000000", pages: [page], since: 0 }]),
  );
  measure("event that moves a conversation", EVENTS, () => {
    for (let at = 0; at < EVENTS; at++) {
      const row = buildConversation(`c${String(at * 7).padStart(6, "0")}`, {
        version: 2,
        changed_at: serverTime(CONVERSATIONS + at),
        agent: ME,
        status: "open",
      });
      state = reduceAll(state, [{ type: "frame", frame: buildEvent(at + 1, row), now: 0 }]);
    }
  });
  measure("new message, with the rows of its thread", EVENTS, () => {
    for (let at = 0; at < EVENTS; at++) {
      const version = MESSAGES + 1 + at;
      const conversation = buildConversation("c000000", { version, agent: ME, status: "open" });
      const message = buildMessage(`m${version}`, version);
      const frame = buildEvent(1_000 + at, conversation, { message });
      state = reduceAll(state, [{ type: "frame", frame, now: 0 }]);
      rowsOf(state, "c000000", findWindow(state, "c000000", null));
    }
  });
  expect(state.lists.get(all)?.ids).toHaveLength(CONVERSATIONS);
  expect(state.lists.get(all)?.ids[0]).toBe("c001393");
  const shown = rowsOf(state, "c000000", findWindow(state, "c000000", null));
  expect(shown.filter((row) => row.type === "message")).toHaveLength(MESSAGES + EVENTS);
}, 60_000);

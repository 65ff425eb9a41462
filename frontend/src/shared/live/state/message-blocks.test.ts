import fc from "fast-check";
import { expect, it } from "vitest";
import { buildConversation, buildEvent, buildMessage, ME } from "@/testing/live-builders";
import { olderCursor, trimBlocks } from "./message-blocks";
import { type LiveInput, reduceAll } from "./reducer";
import { createState, type LiveState } from "./state";
import type { MessagePage } from "./threads";

/** A conversation at the server: message n has the version n. */
class Conversation {
  constructor(public count: number) {}

  page(from: number, to: number): MessagePage {
    const first = Math.max(1, from);
    const last = Math.min(this.count, to);
    const versions = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => last - at);
    return {
      rows: versions.map((version) => buildMessage(`m${version}`, version)),
      activities: [],
      older: first > 1 ? `before ${first}` : null,
      newer: last < this.count ? `after ${last}` : null,
    };
  }

  at(cursor: string, size: number): MessagePage {
    const [way, version] = cursor.split(" ");
    const number = Number(version);
    return way === "before"
      ? this.page(number - size, number - 1)
      : this.page(number + 1, number + size);
  }

  arrival(): LiveInput {
    this.count += 1;
    const version = this.count;
    const conversation = buildConversation("c", { version });
    const frame = buildEvent(version, conversation, {
      message: buildMessage(`m${version}`, version),
    });
    return { type: "frame", frame, now: 0 };
  }
}

const blocksOf = (state: LiveState) => state.threads.get("c")?.blocks ?? [];

/** No block skips a message, none holds one twice, and only one claims to reach the end. */
function checkBlocks(state: LiveState, server: Conversation): void {
  const seen = new Set<string>();
  let previous = 0;
  for (const block of blocksOf(state)) {
    const versions = block.ids.map((id) => state.messages.get(id)?.row.version ?? -1);
    versions.forEach((version, at) => {
      if (at > 0) expect(version).toBe((versions[at - 1] ?? 0) + 1);
    });
    for (const id of block.ids) expect(seen.has(id)).toBe(false);
    for (const id of block.ids) seen.add(id);
    const first = versions[0] ?? 0;
    expect(first).toBeGreaterThan(previous);
    previous = versions.at(-1) ?? previous;
    expect(block.isStart).toBe(first === 1);
    expect(block.newer === null).toBe(previous === server.count);
    if (!block.isStart) expect(olderCursor(block)).toBe(`before ${first}`);
  }
}

const steps = fc.array(
  fc.record({
    act: fc.constantFrom("tail", "around", "older", "newer", "arrival", "gap"),
    at: fc.nat(1_000),
    size: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 40 },
);

it("never shows neighbours across messages that nobody has fetched", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), steps, (count, plan) => {
      const server = new Conversation(count);
      let state = reduceAll(createState(ME), [{ type: "thread_opened", id: "c" }]);
      const put = (page: MessagePage, adjacent?: string) => {
        const input = { type: "thread_page" as const, id: "c", page, since: state.step };
        state = reduceAll(state, [adjacent === undefined ? input : { ...input, adjacent }]);
      };
      for (const { act, at, size } of plan) {
        const block = blocksOf(state)[at % Math.max(1, blocksOf(state).length)];
        if (act === "arrival") state = reduceAll(state, [server.arrival()]);
        else if (act === "tail") put(server.page(server.count - size + 1, server.count));
        else if (act === "around") {
          const middle = 1 + (at % server.count);
          put(server.page(middle - size, middle + size));
        } else if (act === "gap") {
          const pages = [server.page(server.count - size + 1, server.count)];
          state = reduceAll(state, [{ type: "gap" }]);
          const { step: since } = state;
          state = reduceAll(state, [
            server.arrival(),
            { type: "thread_reset", id: "c", pages, since },
          ]);
        } else if (block) {
          const cursor = act === "older" ? olderCursor(block) : block.newer;
          const adjacent = act === "older" ? block.ids[0] : block.ids.at(-1);
          if (cursor !== null) put(server.at(cursor, size), adjacent);
        }
        checkBlocks(state, server);
      }
    }),
    {
      numRuns: 300,
      // More messages came before the first page than the page holds.
      examples: [
        [
          1,
          [
            { act: "arrival", at: 0, size: 1 },
            { act: "arrival", at: 0, size: 1 },
            { act: "tail", at: 0, size: 1 },
          ],
        ],
      ],
    },
  );
});

it("shortens a thread at the border of a page, from where it can be fetched again", () => {
  const ids = Array.from({ length: 100 }, (_, at) => `m${at + 1}`);
  const versionOf = (id: string) => Number(id.slice(1));
  const marks = [81, 61, 41, 21].map((before) => ({ before, cursor: `before ${before}` }));
  const block = { ids, marks, isStart: true, newer: null };
  const [trimmed] = trimBlocks([block], 50, versionOf);
  expect(trimmed?.ids[0]).toBe("m61");
  expect(trimmed?.isStart).toBe(false);
  expect(trimmed && olderCursor(trimmed)).toBe("before 61");
});

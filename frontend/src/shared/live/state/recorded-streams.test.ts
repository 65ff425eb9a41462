import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordedPage, RecordedStream } from "@/testing/recorded-stream";
import { recordedStreams } from "@/testing/recorded-streams";
import type { Conversation, ListFilter, ListSort, Message } from "../types";
import { createSpec, type ListSpec } from "./list-spec";
import { type LiveInput, reduceAll } from "./reducer";
import { createState, type LiveState } from "./state";
import { findWindow, rowsOf } from "./thread-rows";
import type { MessagePage } from "./threads";

/** Applying events gives what fetching again gives: the law of the live state. */

const SPECS: [string, ListFilter, ListSort][] = [
  ['{"limit":50}', {}, "changed"],
  ['{"limit":50,"status":"resolved"}', { status: ["resolved"] }, "changed"],
  ['{"agent":"me","limit":50}', { tab: "mine" }, "changed"],
];
const WAITING = '{"limit":50,"sort":"waiting"}';

function keyOf(page: RecordedPage): string {
  const query = Object.entries(page.query).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${page.path} ${JSON.stringify(Object.fromEntries(query))}`;
}

function specOf(stream: RecordedStream, page: RecordedPage): ListSpec | undefined {
  const found = SPECS.find(([query]) => keyOf(page) === `/conversations ${query}`);
  return found && createSpec(found[1], found[2], stream.userId);
}

function conversationOf(page: RecordedPage): string | undefined {
  return page.path.match(/^\/conversations\/([^/]+)\/messages$/)?.[1];
}

/** What was fetched when nothing happened any more: the truth at the end of the recording. */
function finalPages(stream: RecordedStream): Map<string, RecordedPage> {
  const start = stream.pages.findLastIndex((page) => keyOf(page) === '/conversations {"limit":50}');
  return new Map(stream.pages.slice(start).map((page) => [keyOf(page), page]));
}

/** One run: which frames are applied when, and between which of them each page is fetched. */
class Run {
  state: LiveState;
  private readonly queue: LiveInput[] = [];

  constructor(
    readonly stream: RecordedStream,
    private readonly chunk: () => number,
  ) {
    this.state = createState(stream.userId);
  }

  put(input: LiveInput): void {
    this.queue.push(input);
    if (this.queue.length >= this.chunk()) this.flush();
  }

  flush(): void {
    this.state = reduceAll(this.state, this.queue.splice(0));
  }

  frames(from: number, to: number): void {
    for (const frame of this.stream.frames.slice(from, to)) {
      this.put({ type: "frame", frame, now: 0 });
    }
  }

  /** Asks for a page; returns how to deliver its answer. */
  request(page: RecordedPage): () => void {
    const id = conversationOf(page);
    const spec = specOf(this.stream, page);
    if (id) this.put({ type: "thread_opened", id });
    if (spec) this.put({ type: "list_opened", spec });
    this.flush();
    const since = this.state.step;
    if (id) {
      const pages = [{ ...messagesOf(page), older: null, newer: null }];
      return () => this.put({ type: "thread_reset", id, pages, since });
    }
    if (spec) {
      const pages = [{ source: 0, rows: page.body as Conversation[], cursor: null, since }];
      return () => this.put({ type: "list_reset", key: spec.key, pages });
    }
    return () => {};
  }
}

interface Snapshot {
  lists: Record<string, Conversation[]>;
  messages: Record<string, Message[]>;
  events: Record<string, number[]>;
}

type PageBody = Omit<MessagePage, "older" | "newer">;

function messagesOf(page: RecordedPage): PageBody {
  return page.body as PageBody;
}

function shown(state: LiveState, stream: RecordedStream): Snapshot {
  const snapshot: Snapshot = { lists: {}, messages: {}, events: {} };
  for (const page of finalPages(stream).values()) {
    const id = conversationOf(page);
    const spec = specOf(stream, page);
    if (spec) {
      const ids = state.lists.get(spec.key)?.ids ?? [];
      snapshot.lists[spec.key] = ids.map(
        (each) => state.conversations.get(each)?.row as Conversation,
      );
    }
    if (id) {
      const rows = rowsOf(state, id, findWindow(state, id, null));
      snapshot.messages[id] = rows.flatMap((row) =>
        row.type === "message" && row.conversationId === id ? [row.message] : [],
      );
      snapshot.events[id] = rows.flatMap((row) =>
        row.type === "event" && row.conversationId === id ? [Number(row.key.split(":")[1])] : [],
      );
    }
  }
  return snapshot;
}

function expected(stream: RecordedStream): Snapshot {
  const snapshot: Snapshot = { lists: {}, messages: {}, events: {} };
  for (const page of finalPages(stream).values()) {
    const id = conversationOf(page);
    const spec = specOf(stream, page);
    if (spec) snapshot.lists[spec.key] = page.body as Conversation[];
    if (!id) continue;
    const { rows, activities } = messagesOf(page);
    snapshot.messages[id] = [...rows].reverse();
    snapshot.events[id] = activities.map((each) => each.version).sort((a, b) => a - b);
  }
  return snapshot;
}

type Pick = (from: number, to: number) => number;

/** Decides by a seed everything that a run leaves open (mulberry32). */
function picker(seed: number): Pick {
  let state = seed;
  return (from, to) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const value = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    return from + Math.floor(value * (to - from + 1));
  };
}

/** A page may be asked for by a screen that is behind, and arrive whenever it likes. */
function playWithPages(stream: RecordedStream, pages: readonly RecordedPage[], pick: Pick): Run {
  const run = new Run(stream, () => pick(1, 12));
  const end = stream.frames.length;
  const plans = pages.map((page) => {
    const asked = pick(1, page.before); // after the welcome
    return { page, asked, answered: pick(asked, end) };
  });
  const waiting = new Map<number, (() => void)[]>();
  for (let at = 0; at <= end; at++) {
    for (const plan of plans.filter((each) => each.asked === at)) {
      const deliver = run.request(plan.page);
      waiting.set(plan.answered, [...(waiting.get(plan.answered) ?? []), deliver]);
    }
    for (const deliver of waiting.get(at) ?? []) deliver();
    run.frames(at, at + 1);
    if (pick(0, 30) === 0) run.frames(Math.max(1, at - 9), at + 1); // a resume repeats frames
  }
  run.flush();
  return run;
}

describe.each(recordedStreams.map((stream) => [stream.name, stream] as const))(
  "%s",
  (_, stream) => {
    const truth = expected(stream);

    it("events give what a fetch gives, whenever the pages arrive", () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const pick = picker(seed);
          const pages = [...finalPages(stream).keys()].map((key) => {
            const all = stream.pages.filter((page) => keyOf(page) === key);
            return all[pick(0, all.length - 1)] as RecordedPage;
          });
          const run = playWithPages(stream, pages, pick);
          expect(shown(run.state, stream)).toEqual(truth);
        }),
        { numRuns: 40 },
      );
    });

    it("fetching again at the end changes no object", () => {
      const run = playWithPages(stream, [...finalPages(stream).values()], picker(1));
      const before = shown(run.state, stream);
      for (const page of finalPages(stream).values()) run.request(page)();
      run.flush();
      const after = shown(run.state, stream);
      for (const [key, rows] of Object.entries(before.lists)) {
        rows.forEach((row, at) => void expect(after.lists[key]?.[at]).toBe(row));
      }
      for (const [key, rows] of Object.entries(before.messages)) {
        rows.forEach((row, at) => void expect(after.messages[key]?.[at]).toBe(row));
      }
    });

    it("a gap with a fetch loses nothing", () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const pick = picker(seed);
          const end = stream.frames.length;
          const run = new Run(stream, () => pick(1, 12));
          const early = stream.pages.filter((page) => page.before < end / 2 && pick(0, 1));
          const asked = early.map((page) => run.request(page));
          const cut = pick(0, end - 1);
          run.frames(0, cut);
          for (const deliver of asked) deliver();
          const resumed = pick(cut, end - 1);
          const from = stream.frames.slice(0, resumed + 1).findLast((each) => "position" in each);
          const position = (from as { position: string }).position;
          run.put({
            type: "frame",
            frame: { type: "welcome", position, caught_up: false },
            now: 0,
          });
          const deliveries = [...finalPages(stream).values()].map((page) => run.request(page));
          const late = pick(resumed, end);
          run.frames(resumed + 1, late);
          for (const deliver of deliveries) deliver();
          run.frames(late, end);
          run.flush();
          expect(shown(run.state, stream)).toEqual(truth);
        }),
        { numRuns: 40 },
      );
    });

    it("the list by waiting time begins with those who wait", () => {
      const waiting = finalPages(stream).get(`/conversations ${WAITING}`)?.body as Conversation[];
      const all = finalPages(stream).get('/conversations {"limit":50}')?.body as Conversation[];
      const spec = createSpec({}, "waiting", stream.userId);
      const state = reduceAll(createState(stream.userId), [
        { type: "list_opened", spec },
        {
          type: "list_reset",
          key: spec.key,
          pages: [
            { source: 0, rows: waiting, cursor: null, since: 0 },
            { source: 1, rows: all, cursor: null, since: 0 },
          ],
        },
      ]);
      const ids = state.lists.get(spec.key)?.ids ?? [];
      expect(ids.slice(0, waiting.length)).toEqual(waiting.map((row) => row.id));
      expect(ids).toHaveLength(all.length);
    });
  },
);

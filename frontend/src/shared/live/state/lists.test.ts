import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildConversation, buildEvent, ME, serverTime } from "@/testing/live-builders";
import type { ConversationStatus } from "../frames.gen";
import type { Conversation, ListFilter, ListSort } from "../types";
import { compareIn, createSpec, matchesList, nextSources } from "./list-spec";
import { type LiveInput, reduceAll } from "./reducer";
import { createState, type LiveState } from "./state";

const STATUSES: ConversationStatus[] = ["pending", "waiting", "open", "snoozed", "resolved"];
const FILTERS: [ListFilter, ListSort][] = [
  [{}, "changed"],
  [{ tab: "mine" }, "opened"],
  [{ tab: "unassigned" }, "waiting"],
  [{}, "waiting"],
  [{}, "due"],
  [{ status: ["resolved"], label: ["vip"] }, "changed"],
  [{ priority: ["urgent", "high"], agent: ["none", "me"] }, "waiting"],
];

const promise = (dice: number): Conversation["sla"] => {
  const due_at = serverTime((dice * 7) % 50);
  return { target: "next_answer", policy: "Ouro", warn_at: serverTime(0), due_at };
};

/** Conversations at the server, which change, and whose changes are told by events. */
class Server {
  readonly rows = new Map<string, Conversation>();
  private clock = 0;

  change(number: number, dice: number): LiveInput {
    const id = `c${number}`;
    const old = this.rows.get(id);
    this.clock += 1;
    const time = serverTime(this.clock);
    const status = STATUSES[dice % STATUSES.length] ?? "open";
    const row = buildConversation(id, {
      version: (old?.version ?? 0) + 1,
      opened_at: old?.opened_at ?? time,
      changed_at: time,
      status,
      agent: status === "open" ? ME : null,
      waiting_since: status === "waiting" || dice % 3 === 0 ? time : null,
      sla: status !== "resolved" && dice % 3 === 1 ? promise(dice) : null,
      labels: dice % 2 ? ["vip"] : [],
      priority: dice % 4 === 0 ? "urgent" : "normal",
    });
    this.rows.set(id, row);
    return { type: "frame", frame: buildEvent(1_000 + this.clock, row), now: 0 };
  }

  /** All that belong into a list, in its order. */
  list(filter: ListFilter, sort: ListSort): Conversation[] {
    const spec = createSpec(filter, sort, ME);
    return [...this.rows.values()].filter((row) => matchesList(spec, row)).sort(compareIn(spec));
  }
}

/** The page that the server gives for the next walk of a list. */
function nextPage(state: LiveState, key: string, server: Server, size: number): LiveInput | null {
  const list = state.lists.get(key);
  const at = list && nextSources(list)[0];
  const source = at === undefined ? undefined : list?.sources[at];
  if (!list || at === undefined || !source || source.done) return null;
  const { status = [], sort } = source.query;
  const filter = { ...list.spec.filter, status };
  const rows = server
    .list(filter, sort)
    .filter((row) => sort !== "waiting" || row.waiting_since !== null)
    .filter((row) => sort !== "due" || row.sla !== null);
  const compare = compareIn(createSpec(filter, sort, ME));
  const { end } = source;
  const rest = end ? rows.filter((row) => compare(row, end) > 0) : rows;
  const cursor = rest.length > size ? "more" : null;
  const page = { source: at, rows: rest.slice(0, size), cursor, since: state.step };
  return { type: "list_page", key, page };
}

const plans = fc.array(
  fc.record({
    act: fc.constantFrom("change", "change", "page", "hide"),
    number: fc.nat(30),
    dice: fc.nat(100),
    list: fc.nat(FILTERS.length - 1),
  }),
  { maxLength: 120 },
);

describe("lists of conversations", () => {
  it("show the first part of what the server would list, at every moment", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const server = new Server();
        let state = createState(ME);
        const specs = FILTERS.map(([filter, sort]) => createSpec(filter, sort, ME));
        state = reduceAll(
          state,
          specs.map((spec) => ({ type: "list_opened" as const, spec })),
        );
        for (const { act, number, dice, list } of plan) {
          const spec = specs[list];
          const page = spec && act === "page" ? nextPage(state, spec.key, server, 3) : null;
          if (act === "change") state = reduceAll(state, [server.change(number, dice)]);
          else if (page) state = reduceAll(state, [page]);
          else if (act === "hide" && server.rows.delete(`c${number}`)) {
            state = reduceAll(state, [{ type: "gone", conversationId: `c${number}` }]);
          }
          for (const each of specs) {
            const shown = state.lists.get(each.key);
            const all = server.list(each.filter, each.sort).map((row) => row.id);
            const expected = shown?.sources.every((source) => source.done)
              ? all
              : all.slice(0, shown?.ids.length);
            expect(shown?.loaded ? shown.ids : []).toEqual(shown?.loaded ? expected : []);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("keep their objects when nothing in them changes", () => {
    const server = new Server();
    const spec = createSpec({ tab: "mine" }, "changed", ME);
    const rows = [server.change(1, 2), server.change(2, 2)];
    let state = reduceAll(createState(ME), [{ type: "list_opened", spec }, ...rows]);
    state = reduceAll(state, [nextPage(state, spec.key, server, 10) as LiveInput]);
    const before = state.lists.get(spec.key);
    expect(before?.ids).toEqual(["c2", "c1"]);
    state = reduceAll(state, [server.change(3, 1)]); // waiting: not in the list
    expect(state.lists.get(spec.key)).toBe(before);
    const row = state.conversations.get("c1")?.row;
    state = reduceAll(state, [
      { type: "conversations", rows: [structuredClone(row) as Conversation], since: state.step },
    ]);
    expect(state.conversations.get("c1")?.row).toBe(row);
    expect(state.lists.get(spec.key)).toBe(before);
  });
});

describe("a changed contact", () => {
  const open = (id: string, part: Partial<Conversation> = {}) =>
    buildConversation(id, { contact_id: "rita", ...part });
  const spec = createSpec({}, "changed", ME);
  const before = reduceAll(createState(ME), [
    { type: "list_opened", spec },
    {
      type: "list_reset",
      key: spec.key,
      pages: [
        {
          source: 0,
          rows: [open("a"), open("b", { contact_id: "eva" })],
          cursor: null,
          since: 0,
        },
      ],
    },
  ]);
  const frame = { type: "contact", contact_id: "rita", name: "Rita", blocked: true } as const;

  it("changes the rows of its conversations, and no others", () => {
    const after = reduceAll(before, [{ type: "frame", frame, now: 0 }]);
    const row = after.conversations.get("a")?.row;
    expect(row).toMatchObject({ contact: "Rita", contact_blocked: true, version: 1 });
    expect(after.conversations.get("b")?.row).toBe(before.conversations.get("b")?.row);
    expect(after.lists.get(spec.key)?.ids).toEqual(before.lists.get(spec.key)?.ids);
    const again = reduceAll(after, [{ type: "frame", frame, now: 0 }]);
    expect(again.conversations.get("a")?.row).toBe(row);
  });

  it("stays when a page comes that was requested before", () => {
    const since = before.step;
    const after = reduceAll(before, [
      { type: "frame", frame, now: 0 },
      { type: "conversations", rows: [open("a")], since },
    ]);
    expect(after.conversations.get("a")?.row.contact_blocked).toBe(true);
    const later = reduceAll(after, [
      { type: "conversations", rows: [open("a")], since: after.step },
    ]);
    expect(later.conversations.get("a")?.row.contact_blocked).toBe(false);
  });
});

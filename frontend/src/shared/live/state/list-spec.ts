import type { ConversationStatus } from "../frames.gen";
import type { Conversation, ListFilter, ListSort, Priority } from "../types";

/** A request for a list, as the server has it: a conversation matches one value of each filter. */
export interface ListQuery {
  status?: ConversationStatus[];
  team?: string[];
  label?: string[];
  agent?: string[];
  channel?: string[];
  priority?: Priority[];
  sort: ListSort;
}

/**
 * One walk through pages of the server. `end` is the row furthest down that the walk has reached,
 * null before its first page. Those who wait come first, so that a list by waiting time is two
 * walks: the second one (`phase` 1) begins when the first is done.
 */
export interface ListSource {
  query: ListQuery;
  phase: number;
  cursor: string | null;
  end: Conversation | null;
  done: boolean;
}

export interface ListSpec {
  key: string;
  filter: ListFilter;
  sort: ListSort;
  userId: string;
}

export interface ListState {
  spec: ListSpec;
  sources: readonly ListSource[];
  ids: readonly string[];
  /** The epoch of the pages. If it is not the state's, the list is being fetched again. */
  epoch: number;
  loaded: boolean;
  error: unknown;
}

const UNRESOLVED: readonly ConversationStatus[] = ["pending", "waiting", "open", "snoozed"];

export function createSpec(filter: ListFilter, sort: ListSort, userId: string): ListSpec {
  const sorted = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? [...value].sort() : value])
    .sort(([a], [b]) => String(a).localeCompare(String(b)));
  return { key: JSON.stringify([sort, sorted]), filter, sort, userId };
}

function statusesOf(filter: ListFilter): readonly ConversationStatus[] {
  const chosen = filter.status?.length ? filter.status : UNRESOLVED;
  if (filter.tab === "unassigned") return chosen.filter((each) => each === "waiting");
  if (filter.tab === "assistant") return chosen.filter((each) => each === "pending");
  return chosen;
}

function includes<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return !wanted?.length || wanted.includes(value);
}

/** True if the conversation belongs into the list. */
export function matchesList({ filter, userId }: ListSpec, row: Conversation): boolean {
  if (!statusesOf(filter).includes(row.status)) return false;
  if (filter.tab === "mine" && row.agent !== userId) return false;
  if (filter.tab === "unassigned" && row.agent !== null) return false;
  if (filter.team?.length && (row.team === null || !filter.team.includes(row.team))) return false;
  if (filter.label?.length && !filter.label.some((each) => row.labels.includes(each))) return false;
  if (!includes(filter.priority, row.priority)) return false;
  if (!includes(filter.channel, row.channel_id)) return false;
  const agents = filter.agent?.map((each) => (each === "me" ? userId : each));
  return includes(agents, row.agent ?? "none");
}

/** A time of the server with all six digits, so that times compare as texts. */
function comparableTime(time: string): string {
  if (time.length === 27) return time;
  const [seconds = "", fraction = ""] = time.replace(/(Z|\+00:00)$/, "").split(".");
  return `${seconds}.${fraction.padEnd(6, "0")}Z`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function latestFirst(field: "changed_at" | "opened_at") {
  return (a: Conversation, b: Conversation) =>
    compareText(comparableTime(b[field]), comparableTime(a[field])) || compareText(b.id, a.id);
}
const byChange = latestFirst("changed_at");

type TimeOf = (row: Conversation) => string | null;

/** The time by which a list is sorted whose first rows have one; an SLA may be unknown. */
const waitingSince: TimeOf = (row) => row.waiting_since;
const dueAt: TimeOf = (row) => row.sla?.due_at ?? null;
const TIMES: Partial<Record<ListSort, TimeOf>> = { waiting: waitingSince, due: dueAt };

/** Earliest time first; those without one follow, latest change first. */
function earliestFirst(timeOf: TimeOf) {
  return (a: Conversation, b: Conversation): number => {
    const [first, second] = [timeOf(a), timeOf(b)];
    if (first === null || second === null) {
      if (first === second) return byChange(a, b);
      return first === null ? 1 : -1;
    }
    return compareText(comparableTime(first), comparableTime(second)) || compareText(a.id, b.id);
  };
}

const COMPARE = {
  changed: byChange,
  waiting: earliestFirst(waitingSince),
  due: earliestFirst(dueAt),
  opened: latestFirst("opened_at"),
};

/** The order of the list: negative if `a` comes first. */
export function compareIn(spec: ListSpec): (a: Conversation, b: Conversation) => number {
  return COMPARE[spec.sort];
}

function given<Name extends string, Value>(
  name: Name,
  values: readonly Value[] | undefined,
): { [key in Name]?: Value[] } {
  return (values?.length ? { [name]: [...values] } : {}) as { [key in Name]?: Value[] };
}

/** The walks that together find all conversations of the list; none if nothing can match. */
export function createSources({ filter, sort }: ListSpec): ListSource[] {
  const statuses = statusesOf(filter);
  const agent = filter.tab === "mine" ? ["me"] : filter.agent;
  const common = {
    ...given("team", filter.team),
    ...given("label", filter.label),
    ...given("channel", filter.channel),
    ...given("priority", filter.priority),
    ...given("agent", agent),
  };
  const walk = (by: ListSort, phase: number, status: readonly ConversationStatus[]) =>
    status.length === 0
      ? []
      : [
          {
            query: { ...common, status: [...status], sort: by },
            phase,
            cursor: null,
            end: null,
            done: false,
          },
        ];
  if (!TIMES[sort]) return walk(sort, 0, statuses);
  const unresolved = statuses.filter((each) => each !== "resolved");
  return [...walk(sort, 0, unresolved), ...walk("changed", 1, statuses)];
}

/** True if the pages fetched so far reach down to the row, so that nothing above it is unknown. */
export function isReached(list: ListState, row: Conversation): boolean {
  const { spec, sources } = list;
  const phase = TIMES[spec.sort]?.(row) === null ? 1 : 0;
  return sources.every((source) => {
    if (source.done || source.phase > phase) return true;
    if (source.phase < phase || source.end === null) return false;
    return COMPARE[source.query.sort](row, source.end) <= 0;
  });
}

/** Of two rows of a walk, the one further down. */
export function furtherDown(source: ListSource, a: Conversation | null, b: Conversation) {
  return a !== null && COMPARE[source.query.sort](a, b) > 0 ? a : b;
}

/** The walks that a next page is taken from: those of the first phase that is not done. */
export function nextSources(list: ListState): number[] {
  const open = list.sources.flatMap((each, at) => (each.done ? [] : [{ at, phase: each.phase }]));
  const phase = Math.min(...open.map((each) => each.phase));
  return open.filter((each) => each.phase === phase).map((each) => each.at);
}

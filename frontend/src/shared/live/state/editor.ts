import type { Conversation } from "../types";
import { IdMapEditor } from "./id-map";
import { compareIn, isReached, type ListState, matchesList } from "./list-spec";
import type { ConversationEntry, LiveState, MessageEntry } from "./state";

type OtherFields = Omit<LiveState, "conversations" | "messages" | "lists">;

type MapName = {
  [Name in keyof OtherFields]: OtherFields[Name] extends ReadonlyMap<string, unknown>
    ? Name
    : never;
}[keyof OtherFields];
type ValueIn<Name extends MapName> =
  OtherFields[Name] extends ReadonlyMap<string, infer Value> ? Value : never;

function isSameOrder(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** One step of the state: reads see its changes, `finish` makes the next state. */
export class StateEditor {
  readonly messages: IdMapEditor<MessageEntry>;
  private readonly conversations: IdMapEditor<ConversationEntry>;
  private readonly listCopies = new Map<string, { state: ListState; ids: string[] | null }>();
  private listsRemoved = false;
  private readonly changes: Partial<OtherFields> = {};

  constructor(private readonly base: LiveState) {
    this.messages = new IdMapEditor(base.messages);
    this.conversations = new IdMapEditor(base.conversations);
    for (const [key, state] of base.lists) this.listCopies.set(key, { state, ids: null });
  }

  get<Name extends keyof OtherFields>(name: Name): OtherFields[Name] {
    return name in this.changes ? (this.changes[name] as OtherFields[Name]) : this.base[name];
  }

  set<Name extends keyof OtherFields>(name: Name, value: OtherFields[Name]): void {
    if (this.get(name) !== value) (this.changes as OtherFields)[name] = value;
  }

  /** Changes one entry of a small map. An `undefined` value removes it. */
  setEntry<Name extends MapName>(name: Name, key: string, value: ValueIn<Name> | undefined): void {
    const old = this.get(name) as ReadonlyMap<string, ValueIn<Name>>;
    if (old.get(key) === value) return;
    const copy = new Map(old);
    if (value === undefined) copy.delete(key);
    else copy.set(key, value);
    this.set(name, copy as unknown as OtherFields[Name]);
  }

  conversation(id: string): ConversationEntry | undefined {
    return this.conversations.get(id);
  }

  /** All known conversations with a contact. */
  conversationsOf(contactId: string): ConversationEntry[] {
    return [...this.conversations.values()].filter((each) => each.row.contact_id === contactId);
  }

  /** Stores or removes (`undefined`) a conversation, and moves it in the lists. */
  setConversation(id: string, entry: ConversationEntry | undefined): void {
    const old = this.conversations.get(id);
    if (entry && old && old.row === entry.row && old.epoch === entry.epoch) {
      this.conversations.set(id, entry);
      return;
    }
    for (const copy of this.listCopies.values()) this.removeFromList(copy, old?.row);
    if (entry) this.conversations.set(id, entry);
    else this.conversations.delete(id);
    for (const copy of this.listCopies.values()) if (entry) this.insertIntoList(copy, entry);
  }

  list(key: string): ListState | undefined {
    const copy = this.listCopies.get(key);
    return copy && (copy.ids ? { ...copy.state, ids: copy.ids } : copy.state);
  }

  lists(): string[] {
    return [...this.listCopies.keys()];
  }

  setList(key: string, state: ListState | undefined): void {
    if (state) this.listCopies.set(key, { state, ids: null });
    else this.listsRemoved = this.listCopies.delete(key) || this.listsRemoved;
  }

  /** Fills the list with all known conversations that belong into the part it has reached. */
  rebuildList(key: string): void {
    const list = this.list(key);
    if (!list) return;
    const before = new Set(list.ids);
    const entries = [...list.ids.flatMap((id) => this.conversations.get(id) ?? [])];
    for (const entry of this.conversations.values()) {
      if (!before.has(entry.row.id) && this.isShown(list, entry)) entries.push(entry);
    }
    const rows = entries.filter((each) => this.isShown(list, each)).map((each) => each.row);
    const ids = rows.sort(compareIn(list.spec)).map((row) => row.id);
    this.setList(key, isSameOrder(ids, list.ids) ? list : { ...list, ids });
  }

  finish(): LiveState {
    const conversations = this.conversations.finish();
    const messages = this.messages.finish();
    const lists = this.finishLists();
    const { base } = this;
    const isSame =
      conversations === base.conversations &&
      messages === base.messages &&
      lists === base.lists &&
      Object.keys(this.changes).length === 0;
    return isSame ? base : { ...base, ...this.changes, conversations, messages, lists };
  }

  private finishLists(): LiveState["lists"] {
    const lists = new Map<string, ListState>();
    let changed = this.listsRemoved;
    for (const [key, { state, ids }] of this.listCopies) {
      const list = ids && !isSameOrder(ids, state.ids) ? { ...state, ids } : state;
      changed ||= list !== this.base.lists.get(key);
      lists.set(key, list);
    }
    return changed ? lists : this.base.lists;
  }

  private isShown(list: ListState, entry: ConversationEntry): boolean {
    return (
      entry.epoch >= list.epoch && matchesList(list.spec, entry.row) && isReached(list, entry.row)
    );
  }

  private removeFromList(
    copy: { state: ListState; ids: string[] | null },
    row: Conversation | undefined,
  ): void {
    if (!row || !matchesList(copy.state.spec, row)) return;
    const ids = copy.ids ?? copy.state.ids;
    const at = this.placeOf(copy.state, ids, row);
    if (ids[at] !== row.id) return;
    copy.ids ??= [...ids];
    copy.ids.splice(at, 1);
  }

  private insertIntoList(
    copy: { state: ListState; ids: string[] | null },
    entry: ConversationEntry,
  ): void {
    if (!copy.state.loaded || !this.isShown(copy.state, entry)) return;
    copy.ids ??= [...copy.state.ids];
    copy.ids.splice(this.placeOf(copy.state, copy.ids, entry.row), 0, entry.row.id);
  }

  /** The first place whose row does not come before `row`. */
  private placeOf(list: ListState, ids: readonly string[], row: Conversation): number {
    const compare = compareIn(list.spec);
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.conversations.get(ids[middle] as string);
      if (other && compare(other.row, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

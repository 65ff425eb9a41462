import type { Conversation, Message, ThreadRow } from "../types";
import { type MessageBlock, orderOf, tailOf } from "./message-blocks";
import type { LiveState, MessagesState, PendingSend } from "./state";

/** Where the screen is, if not at the end: at a message that it has jumped to. */
export interface ThreadFocus {
  conversationId: string;
  messageId: string;
}

/** A part of a thread without holes: blocks of neighbouring conversations, oldest first. */
export interface ThreadWindow {
  segments: readonly { conversationId: string; block: MessageBlock }[];
  hasOlder: boolean;
  hasNewer: boolean;
  /** The newest part that is known: own sends follow it. */
  isEnd: boolean;
  isLoaded: boolean;
  error: unknown;
}

const EMPTY: ThreadWindow = {
  segments: [],
  hasOlder: false,
  hasNewer: false,
  isEnd: false,
  isLoaded: false,
  error: null,
};

function isEarlier(a: Conversation, b: Conversation): boolean {
  const order = a.opened_at.localeCompare(b.opened_at);
  return order < 0 || (order === 0 && a.id < b.id);
}

/** The known conversations of the contact up to this one, oldest first. */
export function chainOf(state: LiveState, id: string): string[] {
  const row = state.conversations.get(id)?.row;
  if (!row) return [id];
  const ids = state.visits.get(row.contact_id)?.ids ?? [];
  const earlier = ids.filter((each) => {
    const other = state.conversations.get(each)?.row;
    return other !== undefined && each !== id && isEarlier(other, row);
  });
  return [...earlier.reverse(), id];
}

function hasUnknownVisits(state: LiveState, id: string): boolean {
  const contactId = state.conversations.get(id)?.row.contact_id;
  const visits = contactId === undefined ? undefined : state.visits.get(contactId);
  return visits === undefined || visits.cursor !== null;
}

function blockWith(thread: MessagesState | undefined, messageId: string): MessageBlock | undefined {
  return thread?.blocks.find((block) => block.ids.includes(messageId));
}

/** What can be shown around the focus without crossing what nobody has fetched. */
export function findWindow(state: LiveState, id: string, focus: ThreadFocus | null): ThreadWindow {
  const chain = chainOf(state, id);
  const own = state.threads.get(id);
  const focused = focus && blockWith(state.threads.get(focus.conversationId), focus.messageId);
  // After a gap there is no tail until the thread has been fetched again.
  const start = focused ?? tailOf(own?.blocks ?? []) ?? own?.blocks.at(-1);
  const base = { ...EMPTY, error: own?.error ?? null };
  if (!own?.loaded || !start) return base;
  const at = focused ? chain.indexOf(focus.conversationId) : chain.length - 1;
  const segments = [{ conversationId: chain[at] ?? id, block: start }];
  let top = at;
  while (segments[0]?.block.isStart && top > 0) {
    const conversationId = chain[top - 1] as string;
    const block = tailOf(state.threads.get(conversationId)?.blocks ?? []);
    if (!block) break;
    segments.unshift({ conversationId, block });
    top -= 1;
  }
  let bottom = at;
  while (segments.at(-1)?.block.newer === null && bottom < chain.length - 1) {
    const conversationId = chain[bottom + 1] as string;
    const block = state.threads.get(conversationId)?.blocks.find((each) => each.isStart);
    if (!block) break;
    segments.push({ conversationId, block });
    bottom += 1;
  }
  const hasNewer = segments.at(-1)?.block.newer !== null || bottom < chain.length - 1;
  const hasOlder = !segments[0]?.block.isStart || top > 0 || hasUnknownVisits(state, id);
  const isEnd = segments.at(-1)?.block === own.blocks.at(-1);
  return { segments, hasOlder, hasNewer, isEnd, isLoaded: true, error: base.error };
}

/** Rows are remembered with what they show, so that the same content is the same object. */
const messageRows = new WeakMap<Message, ThreadRow>();
const visitRows = new WeakMap<Conversation, ThreadRow>();
const sendRows = new WeakMap<PendingSend, ThreadRow>();

function messageRow(state: LiveState, conversationId: string, message: Message): ThreadRow {
  const key = state.sendOfMessage.get(message.id) ?? message.id;
  const old = messageRows.get(message);
  if (old?.key === key) return old;
  const row: ThreadRow = { type: "message", key, conversationId, message };
  messageRows.set(message, row);
  return row;
}

function visitRow(conversation: Conversation): ThreadRow {
  const old = visitRows.get(conversation);
  if (old) return old;
  const row: ThreadRow = { type: "visit", key: `visit:${conversation.id}`, conversation };
  visitRows.set(conversation, row);
  return row;
}

function sendRow(send: PendingSend): ThreadRow {
  const old = sendRows.get(send);
  if (old) return old;
  const { id: key, conversationId } = send;
  const row: ThreadRow = { type: "outbox", key, conversationId, entry: send };
  sendRows.set(send, row);
  return row;
}

function segmentRows(
  state: LiveState,
  { conversationId, block }: ThreadWindow["segments"][number],
): ThreadRow[] {
  const rows: ThreadRow[] = [];
  const conversation = state.conversations.get(conversationId)?.row;
  if (block.isStart && conversation) rows.push(visitRow(conversation));
  const first = block.ids[0] === undefined ? undefined : state.messages.get(block.ids[0]);
  const from = block.isStart || !first ? 0 : orderOf(first.row);
  const last = state.messages.get(block.ids.at(-1) ?? "");
  // What lies between this block and the next one is shown when both have met.
  const to = block.newer === null || !last ? Number.POSITIVE_INFINITY : orderOf(last.row);
  const events = (state.threads.get(conversationId)?.events ?? []).filter(
    (each) => each.version >= from && each.version <= to,
  );
  let next = 0;
  for (const id of block.ids) {
    const entry = state.messages.get(id);
    if (!entry) continue;
    for (; next < events.length; next++) {
      const event = events[next];
      if (!event || event.version > orderOf(entry.row)) break;
      rows.push(event.row);
    }
    rows.push(messageRow(state, conversationId, entry.row));
  }
  for (const event of events.slice(next)) rows.push(event.row);
  return rows;
}

/** The rows of a window, oldest first; own sends that are on their way come last. */
export function rowsOf(state: LiveState, id: string, window: ThreadWindow): ThreadRow[] {
  const rows = window.segments.flatMap((segment) => segmentRows(state, segment));
  if (!window.isEnd) return rows;
  for (const send of state.sends) if (send.conversationId === id) rows.push(sendRow(send));
  return rows;
}

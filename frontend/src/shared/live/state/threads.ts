import type { LiveActivity } from "../frames.gen";
import type { Conversation, EventRow, Message } from "../types";
import type { StateEditor } from "./editor";
import {
  addBlock,
  insertIntoTail,
  type MessageBlock,
  orderOf,
  tailOf,
  trimBlocks,
  type VersionOf,
} from "./message-blocks";
import { applyPageMessage, forgetMessages } from "./rows";
import { settleSend } from "./sends";
import { type MessagesState, NO_MESSAGES, type NumberedEvent } from "./state";

/**
 * A page of messages, newest first as the server sends it, with the lines between them. `older` and
 * `newer` are the cursors of the pages next to it, null at the ends of the conversation.
 */
export interface MessagePage {
  rows: readonly Message[];
  activities: readonly LiveActivity[];
  older: string | null;
  newer: string | null;
}

/** Stands for the cursor of newer messages while it is not known whether there are any. */
export const UNKNOWN_CURSOR = "unknown";

function versionIn(edit: StateEditor): VersionOf {
  return (id) => {
    const entry = edit.messages.get(id);
    return entry ? orderOf(entry.row) : 0;
  };
}

/** Begins to collect the messages of a conversation, before its first page is requested. */
export function openThread(edit: StateEditor, id: string): void {
  if (!edit.get("threads").has(id)) edit.setEntry("threads", id, NO_MESSAGES);
}

/** Puts a new message into its thread. Returns whether the thread has it now. */
export function insertMessage(edit: StateEditor, conversationId: string, row: Message): boolean {
  const thread = edit.get("threads").get(conversationId);
  if (!thread) return false;
  if (!tailOf(thread.blocks)) {
    if (!thread.early.includes(row.id)) {
      edit.setEntry("threads", conversationId, { ...thread, early: [...thread.early, row.id] });
    }
    return true;
  }
  const versionOf = versionIn(edit);
  const blocks = insertIntoTail(thread.blocks, row.id, (id) =>
    id === row.id ? orderOf(row) : versionOf(id),
  );
  if (blocks && blocks !== thread.blocks) {
    edit.setEntry("threads", conversationId, { ...thread, blocks });
  }
  return blocks !== undefined;
}

function lineOf(conversationId: string, activity: LiveActivity): NumberedEvent {
  const { version, at, event, by, ...details } = activity;
  const row: EventRow = {
    type: "event",
    key: `${conversationId}:${version}`,
    conversationId,
    at,
    event,
    who: by,
    details,
  };
  return { version, row };
}

/** Adds lines about the conversation; an event never changes, so a known one stays. */
export function addActivities(
  edit: StateEditor,
  conversationId: string,
  activities: readonly LiveActivity[],
): void {
  const thread = edit.get("threads").get(conversationId);
  if (!thread || activities.length === 0) return;
  const known = new Set(thread.events.map((each) => each.version));
  const added = activities.filter((each) => !known.has(each.version));
  if (added.length === 0) return;
  const events = [...thread.events, ...added.map((each) => lineOf(conversationId, each))];
  events.sort((a, b) => a.version - b.version);
  edit.setEntry("threads", conversationId, { ...thread, events });
}

/** Stores the messages of a page; returns their ids, oldest first. */
function storePage(edit: StateEditor, id: string, page: MessagePage, since: number): string[] {
  const rows = page.rows.filter((row) => row.version !== null);
  for (const row of rows) applyPageMessage(edit, row, id, since);
  addActivities(edit, id, page.activities);
  return rows.map((row) => row.id).reverse();
}

function blockOf(page: MessagePage, ids: readonly string[]): MessageBlock {
  const oldest = page.rows.at(-1);
  const { older, newer } = page;
  const marks = older !== null && oldest ? [{ before: orderOf(oldest), cursor: older }] : [];
  return { ids, marks, isStart: older === null, newer };
}

function settleRows(edit: StateEditor, id: string, page: MessagePage): void {
  for (const row of [...page.rows].reverse()) settleSend(edit, id, row);
}

/** Adds a page. `adjacent` is a message of the block whose cursor fetched it. */
export function addPage(
  edit: StateEditor,
  conversationId: string,
  page: MessagePage,
  since: number,
  adjacent: string | undefined,
): void {
  if (!edit.get("threads").has(conversationId)) return;
  const ids = storePage(edit, conversationId, page, since);
  const thread = edit.get("threads").get(conversationId) ?? NO_MESSAGES;
  const versionOf = versionIn(edit);
  // Older early messages come with the page before this one, whose cursor begins at its oldest.
  const newest = ids.length > 0 ? versionOf(ids.at(-1) as string) : 0;
  const early = page.newer === null ? thread.early.filter((id) => versionOf(id) > newest) : [];
  const blocks = addBlock(thread.blocks, blockOf(page, [...ids, ...early]), versionOf, adjacent);
  const rest = page.newer === null ? [] : thread.early;
  const next = { ...thread, blocks, early: rest, loaded: true, error: null };
  edit.setEntry("threads", conversationId, next);
  settleRows(edit, conversationId, page);
}

/**
 * Replaces what is known by pages from the end upwards. Messages that events brought after the
 * request (`since`) stay, because the pages may not have them yet.
 */
export function resetThread(
  edit: StateEditor,
  conversationId: string,
  pages: readonly MessagePage[],
  since: number,
): void {
  if (!edit.get("threads").has(conversationId)) return;
  const ids = new Set<string>();
  for (const page of pages) {
    for (const id of storePage(edit, conversationId, page, since)) ids.add(id);
  }
  const thread = edit.get("threads").get(conversationId) ?? NO_MESSAGES;
  const versionOf = versionIn(edit);
  const isStart = pages.at(-1)?.older === null;
  const oldest = Math.min(...[...ids].map(versionOf));
  for (const id of [...(tailOf(thread.blocks)?.ids ?? []), ...thread.early]) {
    const entry = edit.messages.get(id);
    if (entry && entry.touched > since && (isStart || versionOf(id) > oldest)) ids.add(id);
  }
  for (const block of thread.blocks) dropUnless(edit, block.ids, ids);
  dropUnless(edit, thread.early, ids);
  const sorted = [...ids].sort((a, b) => versionOf(a) - versionOf(b));
  const marks = pages.flatMap((page) => blockOf(page, []).marks);
  const block = { ids: sorted, marks, isStart, newer: null };
  const next: MessagesState = { ...thread, blocks: [block], early: [], loaded: true, error: null };
  edit.setEntry("threads", conversationId, next);
  for (const page of [...pages].reverse()) settleRows(edit, conversationId, page);
}

/** After a gap nobody knows whether a thread still reaches the newest message. */
export function detachThreads(edit: StateEditor): void {
  for (const [id, thread] of edit.get("threads")) {
    for (const each of thread.early) edit.messages.delete(each);
    const blocks = thread.blocks.map((block) => ({
      ...block,
      newer: block.newer ?? UNKNOWN_CURSOR,
    }));
    edit.setEntry("threads", id, { ...thread, blocks, early: [] });
  }
}

function dropUnless(edit: StateEditor, ids: readonly string[], kept: ReadonlySet<string>): void {
  for (const id of ids) if (!kept.has(id)) edit.messages.delete(id);
}

/** Shortens a thread that is not on the screen; `keep` 0 forgets it. */
export function trimThread(edit: StateEditor, conversationId: string, keep: number): void {
  const thread = edit.get("threads").get(conversationId);
  if (!thread) return;
  const blocks = keep === 0 ? [] : trimBlocks(thread.blocks, keep, versionIn(edit));
  if (blocks.length === 0) {
    forgetMessages(edit, conversationId);
    return;
  }
  if (blocks === thread.blocks) return;
  const kept = new Set(blocks.flatMap((block) => block.ids));
  for (const block of thread.blocks) dropUnless(edit, block.ids, kept);
  edit.setEntry("threads", conversationId, { ...thread, blocks });
}

/** Earlier conversations of the contact, from a page of them (newest first). */
export function addVisits(
  edit: StateEditor,
  contactId: string,
  rows: readonly Conversation[],
  cursor: string | null,
): void {
  const known = edit.get("visits").get(contactId)?.ids ?? [];
  const ids = [...known, ...rows.map((row) => row.id).filter((id) => !known.includes(id))];
  edit.setEntry("visits", contactId, { ids, cursor, loaded: true });
}

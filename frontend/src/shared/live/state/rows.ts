import type { ContactFrame } from "../frames.gen";
import type { Conversation, Message } from "../types";
import type { StateEditor } from "./editor";
import { keepIfSame } from "./same-value";

/** What the server's counts depend on. */
function countedPart(row: Conversation | undefined): string {
  return row && row.status !== "resolved" ? `${row.status} ${row.agent}` : "";
}

function noteCountChange(
  edit: StateEditor,
  old: Conversation | undefined,
  row: Conversation | undefined,
): void {
  if (countedPart(old) !== countedPart(row)) {
    edit.set("countsChanged", edit.get("countsChanged") + 1);
  }
}

/** Takes the row of an event, unless a later version is known. */
export function applyEventConversation(edit: StateEditor, row: Conversation): boolean {
  const old = edit.conversation(row.id);
  const epoch = edit.get("epoch");
  if (edit.get("hidden").has(row.id)) edit.setEntry("hidden", row.id, undefined);
  if (old && old.epoch === epoch && row.version < old.row.version) return false;
  noteCountChange(edit, old?.row, row);
  const kept = keepIfSame(old?.row, row);
  edit.setConversation(row.id, { row: kept, touched: edit.get("step"), epoch });
  if (row.agent !== edit.get("userId") && edit.get("unread").has(row.id)) {
    edit.setEntry("unread", row.id, undefined);
  }
  return true;
}

/**
 * Takes the row of a page that was requested in the step `since`, unless an event has brought or
 * removed the conversation after that.
 */
export function applyPageConversation(edit: StateEditor, row: Conversation, since: number): void {
  if ((edit.get("hidden").get(row.id) ?? -1) > since) return;
  const old = edit.conversation(row.id);
  const epoch = edit.get("epoch");
  if (old && old.epoch === epoch) {
    if (row.version < old.row.version) return;
    if (row.version === old.row.version && old.touched > since) return;
  }
  if (edit.get("hidden").has(row.id)) edit.setEntry("hidden", row.id, undefined);
  noteCountChange(edit, old?.row, row);
  const kept = keepIfSame(old?.row, row);
  const touched = old?.epoch === epoch ? old.touched : 0;
  if (old && old.row === kept && old.epoch === epoch) return;
  edit.setConversation(row.id, { row: kept, touched, epoch });
}

/** A contact was renamed, blocked or unblocked: its conversations get no new version from that. */
export function applyContact(edit: StateEditor, contact: ContactFrame): void {
  for (const entry of edit.conversationsOf(contact.contact_id)) {
    const part = { contact: contact.name, contact_blocked: contact.blocked };
    const row = keepIfSame(entry.row, { ...entry.row, ...part });
    edit.setConversation(row.id, { ...entry, row, touched: edit.get("step") });
  }
}

/** The promise that is due next follows an event by a moment, without a version. */
export function applySla(edit: StateEditor, id: string, sla: Conversation["sla"]): void {
  const entry = edit.conversation(id);
  if (!entry) return;
  const row = keepIfSame(entry.row, { ...entry.row, sla });
  edit.setConversation(id, { ...entry, row, touched: edit.get("step") });
}

/** Takes the row that a command returned: events may have brought a later one. */
export function applyReturnedConversation(edit: StateEditor, row: Conversation): void {
  if (edit.get("hidden").has(row.id)) return;
  const old = edit.conversation(row.id);
  if (old && row.version <= old.row.version) return;
  noteCountChange(edit, old?.row, row);
  edit.setConversation(row.id, { row, touched: edit.get("step"), epoch: edit.get("epoch") });
}

/** Removes everything of a conversation that the user may not see any more. */
export function hideConversation(edit: StateEditor, id: string): void {
  noteCountChange(edit, edit.conversation(id)?.row, undefined);
  edit.setConversation(id, undefined);
  edit.setEntry("hidden", id, edit.get("step"));
  edit.setEntry("unread", id, undefined);
  edit.setEntry("drafts", id, undefined);
  edit.setEntry("typing", id, undefined);
  edit.setEntry("viewing", id, undefined);
  forgetMessages(edit, id);
}

/** Drops the messages of a conversation; they are fetched again when it is opened. */
export function forgetMessages(edit: StateEditor, conversationId: string): void {
  const thread = edit.get("threads").get(conversationId);
  if (!thread) return;
  for (const block of thread.blocks) for (const id of block.ids) edit.messages.delete(id);
  for (const id of thread.early) edit.messages.delete(id);
  edit.setEntry("threads", conversationId, undefined);
}

/** Screens see by the object of a thread that one of its rows has changed. */
function touchThread(edit: StateEditor, conversationId: string): void {
  const thread = edit.get("threads").get(conversationId);
  if (thread) edit.setEntry("threads", conversationId, { ...thread });
}

/** Rows that are kept although no block has them. */
const MAX_LOOSE = 500;

function rememberLoose(edit: StateEditor, id: string): void {
  const loose = [...edit.get("looseMessages").filter((each) => each !== id), id];
  const dropped = loose.length > MAX_LOOSE ? loose.shift() : undefined;
  if (dropped !== undefined && edit.messages.get(dropped)?.isLoose) edit.messages.delete(dropped);
  edit.set("looseMessages", loose);
}

/**
 * Takes the row of a message in an event of the conversation `conversation`. Of two events of one
 * conversation, that with its higher version read the message later. `belongs`: the message is one
 * of a block.
 */
export function applyEventMessage(
  edit: StateEditor,
  row: Message,
  conversation: Conversation,
  belongs: boolean,
): void {
  const old = edit.messages.get(row.id);
  if (!old && edit.get("threads").size === 0) return;
  const asOf = { conversationId: conversation.id, version: conversation.version };
  const isOlder =
    old?.asOf?.conversationId === conversation.id && conversation.version < old.asOf.version;
  const kept = isOlder ? old.row : keepIfSame(old?.row, row);
  const conversationId = old?.conversationId ?? conversation.id;
  const isLoose = !belongs && (old?.isLoose ?? true);
  const touched = edit.get("step");
  edit.messages.set(row.id, {
    row: kept,
    conversationId,
    isLoose,
    touched,
    asOf: isOlder ? old.asOf : asOf,
  });
  if (isLoose) rememberLoose(edit, row.id);
  else if (kept !== old?.row) touchThread(edit, conversationId);
}

/** Characters of a conversation's last message, as the server cuts them. */
const MAX_PREVIEW = 140;

function applyLastMessage(edit: StateEditor, conversationId: string, message: Message): void {
  const entry = edit.conversation(conversationId);
  const last = entry?.row.last_message;
  if (!entry || last?.id !== message.id) return;
  const deleted = message.deleted_at !== null;
  const text = deleted ? "" : [...message.text].slice(0, MAX_PREVIEW).join("");
  const next = { ...last, text, deleted, status: message.status };
  const row = keepIfSame(entry.row, { ...entry.row, last_message: next });
  edit.setConversation(row.id, { ...entry, row, touched: edit.get("step") });
}

/** Takes the row of a message that has changed without an event: it is not a new one. */
export function applyChangedMessage(
  edit: StateEditor,
  conversationId: string,
  message: Message,
): void {
  applyLastMessage(edit, conversationId, message);
  if (message.version === null || !edit.get("threads").has(conversationId)) return;
  const old = edit.messages.get(message.id);
  const row = keepIfSame(old?.row, message);
  const touched = edit.get("step");
  const isLoose = old?.isLoose ?? true;
  edit.messages.set(message.id, {
    row,
    conversationId,
    isLoose,
    touched,
    asOf: old?.asOf ?? null,
  });
  if (isLoose) rememberLoose(edit, message.id);
  else if (row !== old?.row) touchThread(edit, conversationId);
}

/** Takes the row of a page that was requested in the step `since`. */
export function applyPageMessage(
  edit: StateEditor,
  row: Message,
  conversationId: string,
  since: number,
): void {
  const old = edit.messages.get(row.id);
  const kept = old && old.touched > since ? old.row : keepIfSame(old?.row, row);
  if (old && old.row === kept && !old.isLoose) return;
  edit.messages.set(row.id, {
    row: kept,
    conversationId,
    isLoose: false,
    touched: old?.touched ?? 0,
    asOf: old?.asOf ?? null,
  });
  touchThread(edit, conversationId);
}

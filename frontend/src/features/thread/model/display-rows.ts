import type { AssistantDraft, Message, OutboxEntry, ThreadRow } from "@/shared/live";

/** Who a bubble stands for: consecutive rows of one side and author form a group. */
export type Side = "in" | "out" | "note" | "system";

export interface Decoration {
  /** The day that begins with this row (ISO date), if it does. */
  day: string | null;
  /** The unread line stands above this row. */
  unread: boolean;
  groupStart: boolean;
  groupEnd: boolean;
}

/** What the assistant is writing right now, as the last row. */
interface DraftRow {
  type: "draft";
  key: "draft";
  draft: AssistantDraft;
}

export type DisplayRow = (ThreadRow | DraftRow) & Decoration;

export function draftRow(draft: AssistantDraft): DisplayRow {
  const alone = { day: null, unread: false, groupStart: true, groupEnd: true };
  return { type: "draft", key: "draft", draft, ...alone };
}

const GROUP_PAUSE_MS = 5 * 60_000;

export function sideOf(message: Pick<Message, "author" | "kind">): Side {
  if (message.kind === "note") return "note";
  if (message.author === "customer") return "in";
  return message.author === "system" ? "system" : "out";
}

export function rowTime(row: ThreadRow): string {
  switch (row.type) {
    case "message":
      return row.message.sent_at;
    case "outbox":
      return row.entry.createdAt;
    case "event":
      return row.at;
    case "visit":
      return row.conversation.opened_at;
  }
}

function entrySide(entry: OutboxEntry): Side {
  return entry.kind === "note" ? "note" : "out";
}

/** A key of the group: rows with the same key and little time between them stand together. */
function groupKey(row: ThreadRow, userId: string): string | null {
  if (row.type === "outbox") return `${entrySide(row.entry)}:agent:${userId}`;
  if (row.type !== "message") return null;
  const agent = typeof row.message.details.agent === "string" ? row.message.details.agent : "";
  return `${sideOf(row.message)}:${row.message.author}:${agent}`;
}

/** Local calendar day, `2026-11-30`. */
export function dayOf(iso: string): string {
  const date = new Date(iso);
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

function isTogether(above: ThreadRow | undefined, below: ThreadRow | undefined, userId: string) {
  if (!above || !below) return false;
  const key = groupKey(above, userId);
  if (key === null || key !== groupKey(below, userId)) return false;
  const [from, to] = [rowTime(above), rowTime(below)];
  return dayOf(from) === dayOf(to) && Date.parse(to) - Date.parse(from) < GROUP_PAUSE_MS;
}

/**
 * Adds what depends on the neighbours. Day and unread lines belong to the row below them, so that
 * indexes of rows and of the virtual list are the same.
 */
export function decorateRows(
  rows: readonly ThreadRow[],
  userId: string,
  firstUnreadKey: string | null,
): DisplayRow[] {
  return rows.map((row, index) => {
    const above = rows[index - 1];
    const day = dayOf(rowTime(row));
    const isNewDay =
      row.type !== "visit" && (!above || dayOf(rowTime(above)) !== day || above.type === "visit");
    const unread = row.key === firstUnreadKey;
    return {
      ...row,
      day: isNewDay ? day : null,
      unread,
      groupStart: unread || isNewDay || !isTogether(above, row, userId),
      groupEnd: !isTogether(row, rows[index + 1], userId),
    };
  });
}

/** The key of the first of the last `unread` customer messages of a conversation. */
export function findFirstUnread(
  rows: readonly ThreadRow[],
  conversationId: string,
  unread: number,
): string | null {
  let left = unread;
  let key: string | null = null;
  for (let index = rows.length - 1; index >= 0 && left > 0; index -= 1) {
    const row = rows[index];
    if (row?.type !== "message" || row.conversationId !== conversationId) continue;
    if (row.message.author !== "customer") continue;
    key = row.key;
    left -= 1;
  }
  return key;
}

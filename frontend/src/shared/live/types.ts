import type {
  ConversationStatus,
  ExportFrame,
  LiveActivity,
  LiveConversation,
  LiveMessage,
} from "./frames.gen";

/** A conversation as the server shows it. `version` grows with each of its events. */
export type Conversation = LiveConversation;
/** A message as the server shows it. `version` gives its place in its conversation. */
export type Message = LiveMessage;
export type Priority = Conversation["priority"];

/** Which conversations a list shows. A field that is left out does not narrow the list. */
export interface ListFilter {
  /** mine: the user's own; unassigned: in a queue, without agent; assistant: answered by it. */
  tab?: "mine" | "unassigned" | "assistant" | "all";
  /** Without it: all that are not resolved. */
  status?: readonly ConversationStatus[];
  team?: readonly string[];
  channel?: readonly string[];
  label?: readonly string[];
  priority?: readonly Priority[];
  /** Ids of users, "me" or "none". */
  agent?: readonly string[];
}
/** changed: latest change first; waiting: longest wait first; opened: latest opening first. */
export type ListSort = "changed" | "waiting" | "opened" | "due";

export interface ConversationList {
  ids: readonly string[];
  state: "loading" | "ready" | "error";
  error: unknown;
  hasMore: boolean;
  loadMore(): void;
  retry(): void;
}

export type LinkState = "connecting" | "connected" | "catching_up" | "offline";
/** `since` is the time (ms) at which the state began. `goodbye` is the server's last reason. */
export interface Link {
  state: LinkState;
  since: number | null;
  goodbye: string | null;
}

/** One send of this browser. `id` is the idempotency key and the React key for life. */
export interface OutboxEntry {
  id: string;
  conversationId: string;
  kind: "message" | "note";
  text: string;
  replyTo: string | null;
  mentions: readonly string[];
  /** `progress` of the upload, 0 to 1. */
  file: { name: string; type: string; size: number; progress: number } | null;
  state: "queued" | "uploading" | "sending" | "uncertain" | "failed";
  errorCode: string | null;
  createdAt: string;
}

/** A line of the thread about the conversation itself, for example that it was resolved. */
export interface EventRow {
  type: "event";
  key: string;
  conversationId: string;
  at: string;
  event: string;
  who: string | null;
  details: Record<string, unknown>;
}
export type ThreadRow =
  | { type: "message"; key: string; conversationId: string; message: Message }
  | { type: "outbox"; key: string; conversationId: string; entry: OutboxEntry }
  | EventRow
  /** Where a conversation of the person begins. */
  | { type: "visit"; key: string; conversation: Conversation };

/** All conversations of a person up to one of them, oldest row first. */
export interface Thread {
  rows: readonly ThreadRow[];
  state: "loading" | "ready" | "error";
  error: unknown;
  hasOlder: boolean;
  hasNewer: boolean;
  loadOlder(): void;
  loadNewer(): void;
  /** Resolves to whether the message is now among the rows. */
  jumpTo(messageId: string): Promise<boolean>;
  jumpToEnd(): void;
  retry(): void;
}

/** A file that the server already has. */
export interface UploadedFile {
  id: string;
  name: string;
  type: string;
  size: number;
}

export interface ComposerDraft {
  mode: "reply" | "note";
  text: string;
  replyTo: string | null;
  mentions: string[];
  files: File[];
  /** The files of canned responses that were chosen. */
  cannedFiles: UploadedFile[];
}

export interface Counts {
  mine: number;
  unassigned: number;
  assistant: number;
  all: number;
  /** Unresolved conversations for each value of each filter; `agents` has "none". */
  statuses: Readonly<Record<string, number>>;
  teams: Readonly<Record<string, number>>;
  agents: Readonly<Record<string, number>>;
  channels: Readonly<Record<string, number>>;
  labels: Readonly<Record<string, number>>;
  priorities: Readonly<Record<string, number>>;
}
/** Waiting conversations by team; `withAssistant` is null if the user may not see those. */
export interface Queues {
  waiting: Readonly<Record<string, number>>;
  withAssistant: number | null;
}
export interface Presence {
  state: "online" | "away" | "offline";
  reason: string | null;
}
/** The reply that the assistant is writing: its text so far, and the tools that it uses now. */
/** How far an export job is; `expected` is null until its rows are counted. */
export interface ExportProgress {
  state: ExportFrame["state"];
  written: number;
  expected: number | null;
}
export interface AssistantDraft {
  turnId: string;
  text: string;
  tools: readonly string[];
}
export interface ConversationResult {
  conversation: Conversation | undefined;
  state: "loading" | "ready" | "hidden" | "error";
  error: unknown;
}

export interface OutgoingMessage {
  kind: "message" | "note";
  text: string;
  replyTo?: string | null;
  mentions?: string[];
  file?: File | null;
  uploadedFile?: UploadedFile | null;
  asVoice?: boolean;
}
/** `replayed`: it happened while the page was not connected. */
export interface LiveEvent {
  event: string;
  conversation: Conversation;
  message: Message | null;
  /** Who did what, for events that are lines of the thread. */
  activity: LiveActivity | null;
  at: string;
  replayed: boolean;
}

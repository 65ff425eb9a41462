import type {
  AssistantDraft,
  Conversation,
  Counts,
  EventRow,
  ExportProgress,
  Link,
  Message,
  OutboxEntry,
  Presence,
  Queues,
} from "../types";
import { IdMap } from "./id-map";
import type { ListState } from "./list-spec";
import type { MessageBlock } from "./message-blocks";

/** `touched` is the step in which an event last changed the row, `epoch` when it was confirmed. */
export interface ConversationEntry {
  row: Conversation;
  touched: number;
  epoch: number;
}

/**
 * `asOf` is the conversation and its version in the event that brought the row. `isLoose`: in no
 * block. It is kept for a while, because a page that was requested before may have an older row.
 */
export interface MessageEntry {
  row: Message;
  conversationId: string;
  isLoose: boolean;
  touched: number;
  asOf: { conversationId: string; version: number } | null;
}

/** What is known of the messages of one conversation. `early` came before the first page. */
export interface MessagesState {
  blocks: readonly MessageBlock[];
  early: readonly string[];
  events: readonly NumberedEvent[];
  loaded: boolean;
  error: unknown;
}
/** A line about the conversation and its place among the messages. */
export interface NumberedEvent {
  version: number;
  row: EventRow;
}

/** The conversations of a contact, newest first. `cursor` is null when all are known. */
export interface VisitsState {
  ids: readonly string[];
  cursor: string | null;
  loaded: boolean;
}

/** An own send. `baseVersion` is the version of the conversation when it was written. */
export interface PendingSend extends OutboxEntry {
  userId: string;
  baseVersion: number;
  /** The id of the uploaded file. */
  fileId: string | null;
  /** True once the server may have it. */
  tried: boolean;
  /** True once the server has answered that it has stored it. */
  isAccepted: boolean;
  /** The message that the server makes of it, as its answer says; null before the answer. */
  messageId: string | null;
}

export interface LiveState {
  userId: string;
  /** Counts the steps; a page loses against events that came after its request. */
  step: number;
  /** Grows with every gap: what was loaded before may be outdated. */
  epoch: number;
  position: string | null;
  link: Link;
  conversations: IdMap<ConversationEntry>;
  messages: IdMap<MessageEntry>;
  looseMessages: readonly string[];
  /** Why a conversation could not be fetched. */
  failures: ReadonlyMap<string, unknown>;
  /** Conversations that the user may not see any more, and the step in which they went. */
  hidden: ReadonlyMap<string, number>;
  lists: ReadonlyMap<string, ListState>;
  threads: ReadonlyMap<string, MessagesState>;
  visits: ReadonlyMap<string, VisitsState>;
  sends: readonly PendingSend[];
  /** Message id → id of the send that became it, which stays the key of the row. */
  sendOfMessage: ReadonlyMap<string, string>;
  unread: ReadonlyMap<string, number>;
  /** Conversation → user → time (ms) after which it no longer counts. */
  typing: ReadonlyMap<string, ReadonlyMap<string, number>>;
  viewing: ReadonlyMap<string, ReadonlyMap<string, number>>;
  presence: ReadonlyMap<string, Presence>;
  queues: Queues;
  counts: Counts | undefined;
  /** Grows when the counts of the server have changed. */
  countsChanged: number;
  /** Grows when unread numbers must be asked for again. */
  unreadChanged: number;
  /** Grows when an alert of the provider begins or ends. */
  alertsChanged: number;
  /** Grows when the state of a channel of the provider changes. */
  channelsChanged: number;
  /** The user's export jobs of which frames have told. */
  exportProgress: ReadonlyMap<string, ExportProgress>;
  drafts: ReadonlyMap<string, AssistantDraft>;
}

export function createState(userId: string): LiveState {
  return {
    userId,
    step: 0,
    epoch: 0,
    position: null,
    link: { state: "connecting", since: null, goodbye: null },
    conversations: IdMap.empty(),
    messages: IdMap.empty(),
    looseMessages: [],
    failures: new Map(),
    hidden: new Map(),
    lists: new Map(),
    threads: new Map(),
    visits: new Map(),
    sends: [],
    sendOfMessage: new Map(),
    unread: new Map(),
    typing: new Map(),
    viewing: new Map(),
    presence: new Map(),
    queues: { waiting: {}, withAssistant: null },
    counts: undefined,
    countsChanged: 0,
    unreadChanged: 0,
    alertsChanged: 0,
    channelsChanged: 0,
    exportProgress: new Map(),
    drafts: new Map(),
  };
}

export const NO_MESSAGES: MessagesState = {
  blocks: [],
  early: [],
  events: [],
  loaded: false,
  error: null,
};

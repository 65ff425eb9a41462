export type { ConversationStatus } from "./frames.gen";
export * from "./hooks";
export { LiveProvider } from "./provider";
export { live, outbox } from "./session";
export type {
  AssistantDraft,
  ComposerDraft,
  Conversation,
  ConversationList,
  ConversationResult,
  Counts,
  EventRow,
  ExportProgress,
  Link,
  LinkState,
  ListFilter,
  ListSort,
  LiveEvent,
  Message,
  OutboxEntry,
  OutgoingMessage,
  Presence,
  Priority,
  Queues,
  Thread,
  ThreadRow,
  UploadedFile,
} from "./types";

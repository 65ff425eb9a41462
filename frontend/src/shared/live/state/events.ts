import type { EventFrame } from "../frames.gen";
import type { StateEditor } from "./editor";
import { applyEventConversation, applyEventMessage } from "./rows";
import { settleSend } from "./sends";
import { addActivities, insertMessage } from "./threads";

/** Events that change a message which is stored already. */
const MESSAGE_CHANGES = new Set([
  "message_status_changed",
  "message_edited",
  "message_deleted",
  "message_reacted",
  "change_failed",
  "file_settled",
  "file_read",
]);
/** Events after which the assistant no longer writes the draft. */
const DRAFT_ENDS = new Set([
  "turn_finished",
  "turn_cancelled",
  "turn_restarted",
  "conversation_assigned",
  "conversation_handed_off",
  "conversation_transferred",
  "conversation_resolved",
]);
/** True if the event stored its message: the message has the version of the event. */
export function isNewMessage(frame: EventFrame): boolean {
  if (!frame.message || MESSAGE_CHANGES.has(frame.event)) return false;
  return frame.message.version === frame.version;
}

/** Applies an event of the log with the rows that it carries. */
export function applyEvent(edit: StateEditor, frame: EventFrame): void {
  const { conversation, message } = frame;
  applyEventConversation(edit, conversation);
  if (frame.activity) addActivities(edit, conversation.id, [frame.activity]);
  if (DRAFT_ENDS.has(frame.event)) edit.setEntry("drafts", conversation.id, undefined);
  if (!message || message.version === null) return;
  const isNew = isNewMessage(frame);
  if (isNew && message.author === "assistant") edit.setEntry("drafts", conversation.id, undefined);
  const belongs = isNew && insertMessage(edit, conversation.id, message);
  applyEventMessage(edit, message, conversation, belongs);
  if (isNew) settleSend(edit, conversation.id, message);
}

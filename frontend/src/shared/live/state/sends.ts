import type { Message } from "../types";
import type { StateEditor } from "./editor";
import { orderOf } from "./message-blocks";
import type { PendingSend } from "./state";

/** True if the server has said that it makes no message of the send. */
function isRefused(send: PendingSend): boolean {
  return send.state === "failed" && send.errorCode !== "too_old";
}

/**
 * True if the message can be what the server made of a send whose answer has not come: the send
 * does not know the id of its message yet.
 */
export function isMadeOf(send: PendingSend, row: Message): boolean {
  if (!send.tried || send.messageId !== null || isRefused(send)) return false;
  if (row.author !== "agent" || row.details.agent !== send.userId) return false;
  if ((row.kind === "note") !== (send.kind === "note")) return false;
  if (orderOf(row) <= send.baseVersion) return false;
  if (send.file) {
    const { attachment } = row.details;
    return send.fileId !== null && attachment === send.fileId;
  }
  return row.details.attachment === undefined && row.text === send.text;
}

/** If a send became this message, takes the send off the screen; the row keeps its key. */
export function settleSend(edit: StateEditor, conversationId: string, row: Message): void {
  const sends = edit.get("sends");
  if (sends.length === 0) return;
  const isKnown = edit.get("sendOfMessage").has(row.id);
  const send =
    sends.find((each) => each.messageId === row.id) ??
    (isKnown
      ? undefined
      : sends.find((each) => each.conversationId === conversationId && isMadeOf(each, row)));
  if (!send) return;
  edit.setEntry("sendOfMessage", row.id, send.id);
  edit.set(
    "sends",
    sends.filter((each) => each !== send),
  );
}

/** Corrects what was guessed before the answers came, so that each send has only its own message. */
function correctGuesses(edit: StateEditor, sends: readonly PendingSend[]): void {
  const byId = new Map(sends.map((each) => [each.id, each]));
  for (const [messageId, sendId] of edit.get("sendOfMessage")) {
    const send = byId.get(sendId);
    if (!send) continue;
    const isWrong = send.messageId !== null && send.messageId !== messageId;
    if (isWrong || isRefused(send)) edit.setEntry("sendOfMessage", messageId, undefined);
  }
  for (const { id, messageId } of sends) {
    if (messageId !== null && edit.messages.get(messageId)) {
      edit.setEntry("sendOfMessage", messageId, id);
    }
  }
}

/** Takes the sends as the outbox has them, without those that became messages. */
export function replaceSends(edit: StateEditor, sends: readonly PendingSend[]): void {
  correctGuesses(edit, sends);
  const settled = new Set(edit.get("sendOfMessage").values());
  const open = sends.filter((each) => !settled.has(each.id));
  edit.set("sends", open);
  for (const conversationId of new Set(open.map((each) => each.conversationId))) {
    const thread = edit.get("threads").get(conversationId);
    const ids = [...(thread?.blocks ?? []).flatMap((block) => block.ids), ...(thread?.early ?? [])];
    for (const id of ids.slice(-100)) {
      const entry = edit.messages.get(id);
      if (entry) settleSend(edit, conversationId, entry.row);
    }
  }
}

import { type ComposerDraft, outbox } from "@/shared/live";
import { isRecording } from "./recorder";

/**
 * Hands a draft to the outbox. One file takes the text as its caption; with several, the text goes
 * first as a message of its own, as people do on WhatsApp.
 */
export async function sendDraft(conversationId: string, draft: ComposerDraft): Promise<void> {
  const kind = draft.mode === "note" ? "note" : "message";
  const text = draft.text.trim();
  const common = {
    kind,
    replyTo: kind === "message" ? draft.replyTo : null,
    mentions: kind === "note" ? draft.mentions : [],
  } as const;
  const attached = [
    ...draft.files.map((file) => ({ file, asVoice: kind === "message" && isRecording(file) })),
    ...draft.cannedFiles.map((uploadedFile) => ({ uploadedFile })),
  ];
  const [only] = attached;
  if (!only || attached.length > 1) {
    if (text) await outbox.send(conversationId, { ...common, text });
    for (const each of attached) {
      await outbox.send(conversationId, { ...common, replyTo: null, text: "", ...each });
    }
    return;
  }
  await outbox.send(conversationId, { ...common, text, ...only });
}

/** Sends a recording as a voice note. */
export function sendVoice(conversationId: string, file: File, replyTo: string | null) {
  return outbox.send(conversationId, { kind: "message", text: "", replyTo, file, asVoice: true });
}

/** What stays in the composer after a send: what was added while the conversation was taken over. */
export function remainingDraft(sent: ComposerDraft, latest: ComposerDraft): ComposerDraft {
  const isContinued = latest.text.startsWith(sent.text);
  const text = isContinued ? latest.text.slice(sent.text.length).trimStart() : latest.text;
  const canned = sent.cannedFiles.map((each) => each.id);
  return {
    mode: latest.mode,
    text,
    replyTo: latest.replyTo === sent.replyTo ? null : latest.replyTo,
    mentions: text === "" ? [] : latest.mentions,
    files: latest.files.filter((each) => !sent.files.includes(each)),
    cannedFiles: latest.cannedFiles.filter(({ id }) => !canned.includes(id)),
  };
}

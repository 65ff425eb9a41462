import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { mayWith, type ReplyRight, replyRightOf, useAssign } from "@/shared/acts";
import { useColleague, useTeamName } from "@/shared/api/colleagues";
import { useCurrentUser } from "@/shared/api/session";
import { type CannedResponse, toUploadedFile } from "@/shared/canned/queries";
import { fillVariables } from "@/shared/canned/variables";
import { useTranslation } from "@/shared/i18n/use-translation";
import {
  type ComposerDraft,
  type Conversation,
  type UploadedFile,
  useComposerDraft,
} from "@/shared/live";
import { toast } from "@/shared/ui/feedback/toaster";
import { checkFiles } from "./file-rules";
import { remainingDraft, sendDraft, sendVoice } from "./send-draft";
import { replaceTrigger, type Trigger } from "./trigger";
import { useCollision } from "./use-collision";
import type { Choice } from "./use-suggestions";
import { useTypingSignal } from "./use-typing-signal";

/** Characters of a WhatsApp text. */
export const MAX_TEXT = 4096;

export type ComposerModel = ReturnType<typeof useComposer>;

/** A colleague's conversation is not taken by the way: that needs a click on "Assumir". */
const TAKEN_BY_SENDING: readonly ReplyRight[] = ["assistant", "nobody", "snoozed"];

/** Everything the composer of one conversation knows and does. */
export function useComposer(conversation: Conversation) {
  const { t } = useTranslation("composer");
  const user = useCurrentUser();
  const assign = useAssign();
  const [draft, change] = useComposerDraft(conversation.id);
  const latest = useRef(draft);
  useEffect(() => {
    latest.current = draft;
  }, [draft]);
  const isSending = useRef(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const text = useRef<HTMLTextAreaElement>(null);
  const fill = useFilling(conversation);
  const signalTyping = useTypingSignal(conversation.id);

  const right = replyRightOf(conversation, user.id);
  const takesOver = TAKEN_BY_SENDING.includes(right) && assign.offered(conversation);
  const mayReply = mayWith(user, "conversations:reply", conversation);
  const mayNote = mayWith(user, "conversations:note", conversation);
  const canReply = mayReply && (right === "me" || takesOver);
  const isNote = draft.mode === "note" || !mayReply;
  const files = draft.files.length + draft.cannedFiles.length;
  const hasContent = draft.text.trim() !== "" || files > 0;
  const canSend = hasContent && (isNote ? mayNote && files <= 1 : canReply);
  const [collision, closeCollision] = useCollision(
    conversation.id,
    hasContent && !isNote,
    right,
    conversation.agent,
  );

  const takeOver = () => (right === "me" ? true : assign.run(conversation, {}));
  const afterSend = () => {
    signalTyping(true);
    closeCollision();
    text.current?.focus();
  };
  const insert = (part: string) => {
    const element = text.current;
    const at = element?.selectionStart ?? draft.text.length;
    const end = element?.selectionEnd ?? at;
    const space = part === "/" && at > 0 && !/\s$/.test(draft.text.slice(0, at)) ? " " : "";
    change({ text: draft.text.slice(0, at) + space + part + draft.text.slice(end) });
    setCursor(at + space.length + part.length);
  };
  return {
    draft,
    change,
    isNote,
    text,
    cursor,
    clearCursor: useCallback(() => setCursor(null), []),
    canReply,
    canSend,
    collision,
    closeCollision,
    signalTyping,
    insert,
    hasManyNoteFiles: isNote && files > 1,
    isForbidden: !mayReply && !mayNote,
    modes: useMemo(() => modesOf(mayReply, mayNote), [mayReply, mayNote]),
    placeholder: usePlaceholder(conversation, right, isNote, canReply),
    sendLabel: t(isNote ? "send.note" : right === "me" ? "send.message" : "send.take"),
    addFiles(added: readonly File[]) {
      const { accepted, problems } = checkFiles(added, files);
      for (const { name, problem } of problems) toast.error(t(`problems.${problem}`, { name }));
      change({ files: [...draft.files, ...accepted] });
    },
    choose(choice: Choice, trigger: Trigger) {
      const isMention = choice.type === "mention";
      const inserted = isMention ? `@${choice.name} ` : fill(choice.response.text);
      const next = replaceTrigger(draft.text, trigger, inserted);
      change({
        text: next.text.slice(0, MAX_TEXT),
        ...(isMention
          ? { mentions: [...new Set([...draft.mentions, choice.userId])] }
          : { cannedFiles: withFilesOf(choice.response, draft.cannedFiles) }),
      });
      setCursor(next.cursor);
    },
    async send() {
      // A second Enter while the first one is taking the conversation over would send it twice.
      if (!canSend || isSending.current) return;
      isSending.current = true;
      const sent: ComposerDraft = isNote ? { ...draft, mode: "note" } : draft;
      try {
        if (!isNote && !(await takeOver())) return;
        await sendDraft(conversation.id, sent);
        change(remainingDraft(sent, latest.current));
        afterSend();
      } catch {
        // This browser could not keep the message, so the words stay where they are.
        toast.error(t("not_kept"), { description: t("not_kept_help") });
      } finally {
        isSending.current = false;
      }
    },
    /** A recording whose takeover is refused stays among the files. */
    async sendVoice(file: File) {
      const { replyTo } = draft;
      try {
        if (await takeOver()) {
          await sendVoice(conversation.id, file, replyTo);
          change({ replyTo: null });
          return afterSend();
        }
      } catch {
        toast.error(t("not_kept"), { description: t("not_kept_help") });
      }
      change({ files: [...latest.current.files, file] });
    },
  };
}

function modesOf(mayReply: boolean, mayNote: boolean): ComposerDraft["mode"][] {
  return [...(mayReply ? (["reply"] as const) : []), ...(mayNote ? (["note"] as const) : [])];
}

/** The same response twice adds its files once. */
function withFilesOf(
  response: CannedResponse,
  already: readonly UploadedFile[],
): ComposerDraft["cannedFiles"] {
  const added = response.files.map(toUploadedFile);
  return [...already, ...added.filter(({ id }) => !already.some((each) => each.id === id))];
}

function useFilling(conversation: Conversation): (text: string) => string {
  const user = useCurrentUser();
  const team = useTeamName(conversation.team) ?? null;
  return (text) =>
    fillVariables(text, {
      contact: conversation.contact,
      phone: conversation.phone,
      agent: user.name,
      team,
      protocol: conversation.protocol,
      now: new Date(),
    });
}

function usePlaceholder(
  conversation: Conversation,
  right: ReplyRight,
  isNote: boolean,
  canReply: boolean,
): string {
  const { t } = useTranslation("composer");
  const name = useColleague(conversation.agent)?.name ?? t("colleague");
  if (isNote) return t("placeholder.note");
  if (right === "colleague") return t("placeholder.colleague", { name });
  if (right === "resolved") return t("placeholder.resolved");
  return t(canReply ? "placeholder.reply" : "placeholder.forbidden");
}

import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { usePreferences } from "@/shared/api/preferences";
import { useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type LiveEvent, live } from "@/shared/live";
import { useOpenConversationId } from "@/shared/navigation/open-conversation";
import { playSound } from "@/shared/sounds/play";
import { toast } from "@/shared/ui/feedback/toaster";
import { isSpeaker } from "./one-tab";
import { type NoticeKind, noticeKey, noticeOf, soundOf } from "./rules";

const SOUND_EVERY_MS = 1500;
const MAX_TEXT = 120;

/** A storm in the queue is one toast that changes; otherwise a conversation has one per kind. */
function toastId(kind: NoticeKind, conversationId: string): string {
  return kind === "new_conversation" ? kind : `${kind}.${conversationId}`;
}

/** Shows and sounds what concerns the user, in the one tab that is nearest to the user. */
export function useNotices(): void {
  const tell = useTell();
  const user = useCurrentUser();
  const { notifications } = usePreferences();
  const openId = useOpenConversationId();
  const current = useRef({ tell, user, kinds: notifications.in_page, openId });
  useEffect(() => {
    current.current = { tell, user, kinds: notifications.in_page, openId };
  });
  useEffect(
    () =>
      live.onEvent(async (event) => {
        const { user: reader, kinds, openId: viewed } = current.current;
        const kind = noticeOf(event, reader);
        if (!kind || !kinds[kind]) return;
        const isViewed = viewed === event.conversation.id && document.visibilityState === "visible";
        if (await isSpeaker(noticeKey(event), isViewed)) current.current.tell(kind, event);
      }),
    [],
  );
}

function useTell(): (kind: NoticeKind, event: LiveEvent) => void {
  const { t } = useTranslation("notifications");
  const navigate = useNavigate();
  const { sounds } = usePreferences();
  const soundedAt = useRef(0);
  return (kind, { conversation, message }) => {
    if (Date.now() - soundedAt.current > SOUND_EVERY_MS) {
      soundedAt.current = Date.now();
      playSound(soundOf(kind, sounds), sounds.volume);
    }
    const who = conversation.contact ?? t("unknown_contact");
    const text = message?.text || (message ? t("file") : "");
    const title = kind === "new_message" ? who : t(`kinds.${kind}`, { who });
    toast.info(title, {
      id: toastId(kind, conversation.id),
      ...(text ? { description: text.slice(0, MAX_TEXT) } : {}),
      action: {
        label: t("open"),
        run: () => void navigate({ to: "/atendimentos/$id", params: { id: conversation.id } }),
      },
    });
  };
}

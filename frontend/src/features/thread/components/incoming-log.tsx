import { useEffect, useRef, useState } from "react";
import { plainWhatsAppText } from "@/shared/format/whatsapp-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import { live, type Message } from "@/shared/live";

/** Announcements closer to one another than this are joined. */
export const ANNOUNCE_EVERY_MS = 3_000;
const MAX_ANNOUNCED = 3;
const MAX_LENGTH = 300;

/**
 * Reads new messages of the customer to users of screen readers. The thread itself is no live
 * region, because old rows that are scrolled into sight would be read too.
 */
export function IncomingLog({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation("thread");
  const [announced, setAnnounced] = useState({ number: 0, text: "" });
  const describe = useRef<(message: Message) => string>(() => "");
  useEffect(() => {
    describe.current = (message) =>
      plainWhatsAppText(message.transcript || message.text).slice(0, MAX_LENGTH) ||
      t(`kinds.${message.kind}`, { defaultValue: t("unknown") });
  });
  useEffect(() => {
    let waiting: string[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    let last = Number.NEGATIVE_INFINITY;
    const announce = () => {
      timer = null;
      last = Date.now();
      const texts = waiting.slice(-MAX_ANNOUNCED);
      const more = waiting.length - texts.length;
      const parts = more > 0 ? [t("log.more", { count: more }), ...texts] : texts;
      waiting = [];
      setAnnounced(({ number }) => ({ number: number + 1, text: parts.join(". ") }));
    };
    const stop = live.onEvent(({ event, conversation, message }) => {
      if (event !== "message_received" || conversation.id !== conversationId) return;
      if (message?.author !== "customer") return;
      waiting.push(describe.current(message));
      timer ??= setTimeout(announce, Math.max(0, last + ANNOUNCE_EVERY_MS - Date.now()));
    });
    return () => {
      stop();
      if (timer) clearTimeout(timer);
    };
  }, [conversationId, t]);
  return (
    <div role="log" aria-label={t("log.label")} className="sr-only">
      {announced.text && <p key={announced.number}>{announced.text}</p>}
    </div>
  );
}

import { useFormat } from "@/shared/format/use-format";
import { type Translation, useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";
import { FormattedText } from "@/shared/ui/formatted-text";
import type { Moment } from "../queries";

type MomentMessage = Moment["messages"][number];

function authorOf(message: MomentMessage, t: Translation["t"]): string {
  const name = t([`thread:authors.${message.author}`, "thread:authors.agent"]);
  return message.kind === "note" ? t("thread:note.by", { name }) : name;
}

function sideOf(message: MomentMessage): string {
  if (message.kind === "note") return "ml-auto bg-note";
  return message.author === "customer" ? "mr-auto bg-bubble-in" : "ml-auto bg-bubble-out";
}

/** The newest messages of that moment, with the text and status that they had. */
export function MomentMessages({ moment }: { moment: Moment }) {
  const { t } = useTranslation("history");
  const format = useFormat();
  const messages = [...moment.messages].reverse();
  return (
    <section
      aria-label={t("messages")}
      className="min-h-0 space-y-2 bg-page p-4 md:overflow-y-auto"
    >
      {moment.messages_before !== null && (
        <p className="text-center text-meta text-text-3">{t("earlier")}</p>
      )}
      {messages.length === 0 && <p className="text-text-3">{t("no_messages")}</p>}
      {messages.map((message) => (
        <article
          key={message.id}
          className={cn(
            "w-fit max-w-[85%] rounded-bubble px-3 py-1.5",
            sideOf(message),
            message.id === moment.event.message_id && "outline-2 outline-accent",
          )}
        >
          <p className="text-badge text-text-3">{authorOf(message, t)}</p>
          {message.deleted_at ? (
            <p className="text-text-3 italic">{t("thread:deleted")}</p>
          ) : (
            <FormattedText
              text={message.transcript || message.text || t(`thread:kinds.${message.kind}`)}
            />
          )}
          <p className="text-right text-badge text-text-3">
            {!message.text_known && `${t("text_of_today")} · `}
            {format.time(message.sent_at)}
            {message.status && ` · ${t(`thread:delivery.${message.status}`)}`}
          </p>
        </article>
      ))}
    </section>
  );
}

import { plainWhatsAppText } from "@/shared/format/whatsapp-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useThreadContext } from "../model/thread-context";
import { useAuthorName } from "./author-name";

/** The message that another one answers; a click jumps to it. */
export function QuotedMessage({ id }: { id: string }) {
  const { t } = useTranslation("thread");
  const { findMessage, jumpTo } = useThreadContext();
  const message = findMessage(id);
  const author = useAuthorName(message);
  const text = message
    ? plainWhatsAppText(message.transcript || message.text) ||
      t(`kinds.${message.kind}`, { defaultValue: "" })
    : t("quote.unknown");
  return (
    <button
      type="button"
      className="mb-1 block w-full rounded-control border-accent border-l-3 bg-hover px-2 py-1 text-left"
      onClick={() => jumpTo(id)}
    >
      {message && <span className="block font-medium text-accent text-meta">{author}</span>}
      <span className="line-clamp-2 text-list text-text-2 [overflow-wrap:anywhere]">{text}</span>
    </button>
  );
}

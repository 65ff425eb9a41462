import { Reply, X } from "lucide-react";
import { plainWhatsAppText } from "@/shared/format/whatsapp-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useMessage } from "@/shared/live";
import { IconButton } from "@/shared/ui/icon-button";

/** The message that the reply will quote. */
export function QuoteStrip({ messageId, onRemove }: { messageId: string; onRemove: () => void }) {
  const { t } = useTranslation("composer");
  const message = useMessage(messageId);
  const text = message ? plainWhatsAppText(message.transcript || message.text) : "";
  return (
    <div className="mx-3 mt-2 flex items-center gap-2 border-accent border-l-3 bg-hover py-1 pl-2">
      <Reply className="size-4 shrink-0 text-text-3" aria-hidden />
      <span className="min-w-0 flex-1 truncate text-list text-text-2">
        {text || t("quote.other")}
      </span>
      <IconButton size="small" label={t("quote.remove")} onClick={onRemove}>
        <X />
      </IconButton>
    </div>
  );
}

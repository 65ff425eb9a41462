import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { Spinner } from "@/shared/ui/feedback/progress";
import { ErrorState } from "@/shared/ui/feedback/states";
import { FormattedText } from "@/shared/ui/formatted-text";
import { Popover } from "@/shared/ui/overlay/popover";
import { versionsQuery } from "../queries";

interface EditedMarkProps {
  conversationId: string;
  message: Message;
}

/** "editada", which opens the earlier texts of the message. */
export function EditedMark({ conversationId, message }: EditedMarkProps) {
  const { t } = useTranslation("thread");
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover
      label={t("versions.title")}
      open={isOpen}
      onOpenChange={setOpen}
      className="w-80 max-w-[calc(100vw-32px)]"
      trigger={
        <button
          type="button"
          className="-my-1 min-h-6 rounded-control px-0.5 underline decoration-dotted underline-offset-2 hover:text-text"
          aria-label={t("versions.open")}
        >
          {t("edited")}
        </button>
      }
    >
      <Versions conversationId={conversationId} message={message} />
    </Popover>
  );
}

function Versions({ conversationId, message }: EditedMarkProps) {
  const { t } = useTranslation("thread");
  const format = useFormat();
  const { data, error, refetch } = useQuery(
    versionsQuery(conversationId, message.id, message.edited_at),
  );
  if (error && !data) {
    return <ErrorState className="p-2" error={error} onRetry={() => void refetch()} />;
  }
  if (!data) return <Spinner label={t("versions.loading")} className="m-2" />;
  return (
    <>
      <h3 className="pb-2 font-semibold text-list">{t("versions.title")}</h3>
      {data.length === 0 && <p className="text-list text-text-2">{t("versions.none")}</p>}
      <ol className="flex max-h-72 flex-col gap-3 overflow-y-auto">
        {data.map((version) => (
          <li key={version.replaced_at}>
            <p className="text-meta text-text-3">
              {t("versions.until", { time: format.dateTime(version.replaced_at) })}
            </p>
            <FormattedText text={version.text} />
          </li>
        ))}
      </ol>
    </>
  );
}

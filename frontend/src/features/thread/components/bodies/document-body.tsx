import { Download, FileText } from "lucide-react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { FormattedText } from "@/shared/ui/formatted-text";
import { FileFrame } from "./file-frame";

export function DocumentBody({
  conversationId,
  message,
}: {
  conversationId: string;
  message: Message;
}) {
  const { t } = useTranslation("thread");
  const format = useFormat();
  const name = message.file?.filename || t("document.unnamed");
  const size = message.file?.size ?? null;
  const card = "flex w-72 max-w-full items-center gap-3 rounded-control bg-hover px-3 py-2";
  return (
    <div>
      <FileFrame
        conversationId={conversationId}
        message={message}
        placeholder={<div className={`${card} h-13`} />}
      >
        {(url) => (
          <a
            href={url}
            target="_blank"
            rel="noopener noreferrer"
            className={`${card} text-text hover:bg-selected`}
          >
            <FileText className="size-6 shrink-0 text-accent" aria-hidden />
            <span className="min-w-0 flex-1">
              {/* A hostile name is text in its own direction, and cut in the middle of nothing. */}
              <bdi className="block truncate font-medium">{name}</bdi>
              <span className="text-meta text-text-3">
                {size === null ? message.file?.mimetype : format.fileSize(size)}
              </span>
            </span>
            <Download className="size-4 shrink-0 text-text-3" aria-label={t("document.open")} />
          </a>
        )}
      </FileFrame>
      {message.text && <FormattedText text={message.text} />}
    </div>
  );
}

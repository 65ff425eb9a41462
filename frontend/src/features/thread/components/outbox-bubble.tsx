import { CircleAlert, Clock3, FileUp, Lock } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type OutboxEntry, outbox } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";
import { Progress } from "@/shared/ui/feedback/progress";
import { FormattedText } from "@/shared/ui/formatted-text";
import { BUBBLE_STYLES } from "./message-bubble";

/** A send of this browser that the server has not confirmed yet. */
export function OutboxBubble({ entry }: { entry: OutboxEntry }) {
  const { t } = useTranslation("thread");
  const side = entry.kind === "note" ? "note" : "out";
  return (
    <div className="flex flex-col items-end px-4">
      <div
        className={cn("max-w-[min(72ch,78%)] rounded-bubble px-3 py-1.5", BUBBLE_STYLES[side])}
        data-outbox={entry.id}
        data-state={entry.state}
      >
        {entry.file && <PendingFile file={entry.file} isUploading={entry.state === "uploading"} />}
        {entry.text && <FormattedText text={entry.text} />}
        <span className="flex items-center justify-end gap-1 text-badge text-text-3">
          {side === "note" && <Lock className="size-3" aria-hidden />}
          {entry.state === "failed" ? (
            <CircleAlert className="size-3.5 text-danger" aria-hidden />
          ) : (
            <Clock3 className="size-3.5" aria-hidden />
          )}
          {t(`outbox.${entry.state}`)}
        </span>
      </div>
      {entry.state === "failed" && <FailedEntry entry={entry} />}
    </div>
  );
}

function PendingFile({
  file,
  isUploading,
}: {
  file: NonNullable<OutboxEntry["file"]>;
  isUploading: boolean;
}) {
  const { t } = useTranslation("thread");
  return (
    <div className="flex w-64 max-w-full items-center gap-2">
      <FileUp className="size-5 shrink-0 text-accent" aria-hidden />
      <div className="min-w-0 flex-1">
        <bdi className="block truncate">{file.name}</bdi>
        {isUploading && <Progress value={file.progress} label={t("outbox.uploading")} />}
      </div>
    </div>
  );
}

function FailedEntry({ entry }: { entry: OutboxEntry }) {
  const { t } = useTranslation("thread");
  const reason = t(`refusals.${entry.errorCode ?? "unknown"}`, {
    defaultValue: t("refusals.unknown", { code: entry.errorCode }),
  });
  return (
    <p role="alert" className="mt-1 max-w-[78%] text-right text-danger text-meta">
      {reason}{" "}
      <button
        type="button"
        className="font-medium underline"
        onClick={() => outbox.retry(entry.id)}
      >
        {t("shared:actions.retry")}
      </button>{" "}
      <button
        type="button"
        className="font-medium underline"
        onClick={() => outbox.discard(entry.id)}
      >
        {t("outbox.discard")}
      </button>
    </p>
  );
}

import { Lock, Paperclip, Pencil, Trash2, UsersRound } from "lucide-react";
import { useState } from "react";
import { useTeamName } from "@/shared/api/colleagues";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { openCannedEditor } from "@/shared/canned/editor-request";
import { type CannedResponse, useDeleteCanned } from "@/shared/canned/queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";

/** The responses, each with what may be done with it. */
export function CannedList({ responses }: { responses: readonly CannedResponse[] }) {
  const { t } = useTranslation("canned");
  const [doomed, setDoomed] = useState<CannedResponse | null>(null);
  const remove = useDeleteCanned();
  const confirm = () => {
    if (!doomed) return;
    remove.mutate(doomed, {
      onSuccess: () => toast.done(t("delete.done", { shortcut: doomed.shortcut })),
      onError: (error) => {
        const isStale = error instanceof ApiError && error.status === 412;
        const description = isStale ? t("delete.changed") : describeError(error, t);
        toast.error(t("delete.failed"), { description });
      },
    });
  };
  return (
    <>
      <ul aria-label={t("title")} className="divide-y divide-divider">
        {responses.map((each) => (
          <CannedRow key={each.id} response={each} onDelete={() => setDoomed(each)} />
        ))}
      </ul>
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={t("delete.title", { shortcut: doomed?.shortcut })}
        description={t(`delete.text_${doomed?.scope ?? "personal"}`)}
        confirmLabel={t("shared:actions.delete")}
        danger
        onConfirm={confirm}
      />
    </>
  );
}

interface CannedRowProps {
  response: CannedResponse;
  onDelete: () => void;
}

function CannedRow({ response, onDelete }: CannedRowProps) {
  const { t } = useTranslation("canned");
  const { shortcut, title, text, files, editable } = response;
  return (
    <li className="flex items-start gap-2 py-2.5 [contain-intrinsic-size:auto_64px] [content-visibility:auto]">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="break-all font-medium text-accent text-list">/{shortcut}</span>
          <span className="min-w-0 break-words font-medium text-list">{title}</span>
        </p>
        {text && <p className="line-clamp-2 break-words text-list text-text-2">{text}</p>}
        <p className="flex flex-wrap items-center gap-x-3 text-meta text-text-3">
          <ScopeMark response={response} />
          {files.length > 0 && (
            <span className="flex items-center gap-1">
              <Paperclip aria-hidden className="size-3" />
              {t("files.count", { count: files.length })}
            </span>
          )}
        </p>
      </div>
      {editable ? (
        <div className="flex shrink-0">
          <IconButton
            label={t("edit", { shortcut })}
            onClick={() => openCannedEditor({ response })}
          >
            <Pencil />
          </IconButton>
          <IconButton label={t("delete.label", { shortcut })} onClick={onDelete}>
            <Trash2 />
          </IconButton>
        </div>
      ) : (
        <span className="flex items-center gap-1 pt-1 text-meta text-text-3">
          <Lock aria-hidden className="size-3" />
          {t("read_only")}
        </span>
      )}
    </li>
  );
}

function ScopeMark({ response }: { response: CannedResponse }) {
  const { t } = useTranslation("canned");
  const team = useTeamName(response.team);
  return (
    <span className="flex items-center gap-1">
      {response.scope !== "personal" && <UsersRound aria-hidden className="size-3" />}
      {t(`scopes.${response.scope}`, { team })}
    </span>
  );
}

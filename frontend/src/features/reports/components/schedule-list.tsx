import { useQuery } from "@tanstack/react-query";
import { Pencil, Send, Trash2, TriangleAlert } from "lucide-react";
import { useId, useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import {
  type ReportSchedule,
  schedulesQuery,
  useDeleteSchedule,
  useSendSchedule,
} from "../queries";

/** The reports that are sent by e-mail. */
export function ScheduleList({ onEdit }: { onEdit: (schedule: ReportSchedule) => void }) {
  const { t } = useTranslation("reports");
  const id = useId();
  const { data, error, refetch } = useQuery(schedulesQuery);
  const [doomed, setDoomed] = useState<ReportSchedule | null>(null);
  const remove = useDeleteSchedule();
  const send = useSendSchedule();
  const fail = (title: string) => (reason: Error) =>
    toast.error(title, { description: describeError(reason, t) });
  return (
    <section aria-labelledby={id} className="flex flex-col gap-1">
      <h3 id={id} className="font-semibold text-list">
        {t("schedules.list")}
      </h3>
      {error && !data && (
        <ErrorState error={error} title={t("schedules.failed")} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows count={2} height={56} label={t("shared:ui.loading")} />}
      {data?.length === 0 && <p className="text-list text-text-2">{t("schedules.none")}</p>}
      <ul className="divide-y divide-divider">
        {data?.map((schedule) => (
          <ScheduleRow
            key={schedule.id}
            schedule={schedule}
            onEdit={() => onEdit(schedule)}
            onDelete={() => setDoomed(schedule)}
            onSend={() =>
              send.mutate(schedule, {
                onSuccess: () => toast.done(t("schedules.sending", { name: schedule.name })),
                onError: fail(t("schedules.not_sent")),
              })
            }
          />
        ))}
      </ul>
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={t("schedules.delete_title", { name: doomed?.name })}
        description={t("schedules.delete_text")}
        confirmLabel={t("shared:actions.delete")}
        danger
        onConfirm={() =>
          doomed && remove.mutate(doomed, { onError: fail(t("schedules.not_deleted")) })
        }
      />
    </section>
  );
}

interface ScheduleRowProps {
  schedule: ReportSchedule;
  onEdit: () => void;
  onDelete: () => void;
  onSend: () => void;
}

function ScheduleRow({ schedule, onEdit, onDelete, onSend }: ScheduleRowProps) {
  const { t } = useTranslation("reports");
  const format = useFormat();
  const { name, cadence, hour, file_format, recipients } = schedule;
  return (
    <li className="flex items-start gap-3 py-2">
      <div className="flex min-w-0 flex-1 flex-col gap-0.5 text-meta text-text-2">
        <span className="break-words font-medium text-list text-text">{name}</span>
        <span>
          {`${t(`schedules.cadences.${cadence}`)}, ${String(hour).padStart(2, "0")}:00 · ${t(
            `download.${file_format}`,
          )}`}
        </span>
        <span className="break-all">{recipients.join(", ")}</span>
        <span className="text-text-3">
          {schedule.sent_at
            ? t("schedules.sent", { time: format.dateTime(schedule.sent_at) })
            : t("schedules.never_sent")}
          {` · ${t("schedules.next", { time: format.dateTime(schedule.next_at) })}`}
        </span>
        {schedule.failure && (
          <span className="flex items-center gap-1 text-danger">
            <TriangleAlert aria-hidden className="size-3.5 shrink-0" />
            {t("schedules.failure", { code: schedule.failure })}
          </span>
        )}
      </div>
      <div className="flex shrink-0">
        <IconButton label={t("schedules.send", { name })} onClick={onSend}>
          <Send />
        </IconButton>
        <IconButton label={t("schedules.edit", { name })} onClick={onEdit}>
          <Pencil />
        </IconButton>
        <IconButton label={t("schedules.delete", { name })} onClick={onDelete}>
          <Trash2 />
        </IconButton>
      </div>
    </li>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Download, Trash2, TriangleAlert, X } from "lucide-react";
import { describeError } from "../api/describe-error";
import { useFormat } from "../format/use-format";
import { useTranslation } from "../i18n/use-translation";
import { useDownload } from "../metrics/download";
import { metricsQuery } from "../metrics/report-queries";
import { Button } from "../ui/button";
import { Progress } from "../ui/feedback/progress";
import { SkeletonRows } from "../ui/feedback/skeleton";
import { EmptyState, ErrorState } from "../ui/feedback/states";
import { toast } from "../ui/feedback/toaster";
import { IconButton } from "../ui/icon-button";
import { Dialog } from "../ui/overlay/dialog";
import {
  downloadExport,
  type ExportJob,
  exportFileName,
  isUnfinished,
  useExports,
  useRemoveExport,
} from "./queries";

/** The user's files that are made in the background, with their progress. */
export function ExportsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("metrics");
  return (
    <Dialog
      open
      width="wide"
      onOpenChange={(open) => !open && onClose()}
      title={t("exports.title")}
    >
      <ExportList />
    </Dialog>
  );
}

function ExportList() {
  const { t } = useTranslation("metrics");
  const format = useFormat();
  const { jobs, error, refetch } = useExports();
  const download = useDownload();
  if (error && !jobs) {
    return <ErrorState error={error} title={t("exports.failed")} onRetry={() => void refetch()} />;
  }
  if (!jobs) return <SkeletonRows count={2} height={56} label={t("shared:ui.loading")} />;
  if (jobs.length === 0) {
    return <EmptyState title={t("exports.none")}>{t("exports.none_hint")}</EmptyState>;
  }
  const start = (job: ExportJob) =>
    download.start(exportFileName(t("behind.file"), job), downloadExport(job));
  return (
    <>
      {download.received !== null && (
        <Button size="small" variant="quiet" onClick={download.cancel}>
          <X aria-hidden className="size-4" />
          {t("download.cancel", { size: format.fileSize(download.received) })}
        </Button>
      )}
      <ul className="divide-y divide-divider" aria-label={t("exports.title")}>
        {jobs.map((job) => (
          <ExportRow key={job.id} job={job} onDownload={() => start(job)} />
        ))}
      </ul>
    </>
  );
}

function ExportRow({ job, onDownload }: { job: ExportJob; onDownload: () => void }) {
  const { t } = useTranslation("metrics");
  const format = useFormat();
  const remove = useRemoveExport();
  const time = format.dateTime(job.created_at);
  const fail = (error: Error) =>
    toast.error(t("exports.not_removed"), { description: describeError(error, t) });
  return (
    <li className="flex items-start gap-3 py-2">
      <div className="flex min-w-0 flex-1 flex-col gap-0.5 text-meta text-text-2">
        <span className="break-words font-medium text-list text-text">
          {`${useExportName(job)} · ${t(`exports.format.${job.file_format}`)}`}
        </span>
        <span>{`${t(`exports.states.${job.state}`)} · ${t("exports.asked", { time })}`}</span>
        <ExportDetails job={job} />
      </div>
      <div className="flex shrink-0">
        {job.state === "done" && (
          <IconButton label={t("exports.download_label", { time })} onClick={onDownload}>
            <Download />
          </IconButton>
        )}
        <IconButton
          label={t(isUnfinished(job) ? "exports.cancel" : "exports.remove", { time })}
          onClick={() => remove.mutate(job, { onError: fail })}
        >
          {isUnfinished(job) ? <X /> : <Trash2 />}
        </IconButton>
      </div>
    </li>
  );
}

/** The metric and the days; the end of the period is not part of it. */
function useExportName({ metric, from, to }: ExportJob): string {
  const { t, language } = useTranslation("metrics");
  const format = useFormat();
  const { data: metrics } = useQuery(metricsQuery);
  const label = metrics?.get(metric)?.label[language === "en" ? "en" : "pt"] ?? metric;
  const last = new Date(new Date(to).getTime() - 1);
  const days = new Set([format.date(from), format.date(last)]);
  return t("exports.name", { metric: label, range: [...days].join(" – ") });
}

/** What there is to say in a state: progress, size, or why there is no file. */
function ExportDetails({ job }: { job: ExportJob }) {
  const { t } = useTranslation("metrics");
  const format = useFormat();
  if (isUnfinished(job)) {
    const { rows_written: written, rows_expected: expected } = job;
    const label =
      expected === null
        ? t("exports.counting")
        : t("exports.progress", {
            written: format.number(written),
            expected: format.number(expected),
          });
    return (
      <>
        {job.state === "running" && <span className="tabular-nums">{label}</span>}
        <Progress value={expected ? written / expected : null} label={label} className="my-1" />
      </>
    );
  }
  if (job.failure) {
    return (
      <span className="flex items-center gap-1 text-danger">
        <TriangleAlert aria-hidden className="size-3.5 shrink-0" />
        {t(`exports.failures.${job.failure.code}`)}
      </span>
    );
  }
  if (job.state !== "done" || !job.expires_at) return null;
  const size = format.fileSize(job.file_bytes ?? 0);
  const rows = t("exports.rows", { count: job.rows_written, size });
  const until = t("exports.until", { time: format.dateTime(job.expires_at) });
  return <span className="tabular-nums">{`${rows} · ${until}`}</span>;
}

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import {
  downloadExport,
  type ExportJob,
  exportFileName,
  exportsQuery,
  isUnfinished,
} from "@/shared/exports/queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useLiveState } from "@/shared/live";
import { useDownload } from "@/shared/metrics/download";
import { toast } from "@/shared/ui/feedback/toaster";

/** Tells the user, on any page, that a file is ready or was not made. */
export function ExportNotices() {
  return may(useCurrentUser(), "reports:read") ? <Notices /> : null;
}

function Notices() {
  const { t } = useTranslation("exports");
  const download = useDownload();
  const jobs = useEndedExports();
  useEffect(() => {
    for (const job of jobs.take()) {
      const start = () => download.start(exportFileName(t("file"), job), downloadExport(job));
      if (job.state === "done") {
        toast.done(t("done"), { id: job.id, action: { label: t("download"), run: start } });
      } else if (job.state === "failed") {
        toast.error(t("failed"), { id: job.id, description: t("failed_hint") });
      }
    }
  });
  return null;
}

/** The jobs that ended since the last call of `take`: by a frame, or by what the list says later. */
function useEndedExports() {
  const client = useQueryClient();
  const progress = useLiveState((state) => state.exportProgress);
  // It is asked for once somebody has requested an export here, or a frame tells of one.
  const { data } = useQuery({
    ...exportsQuery,
    enabled: ({ state }) => state.data !== undefined,
  });
  const awaited = useRef(new Set<string>());
  const told = useRef(new Set<string>());
  const asked = useRef(new Set<string>());
  useEffect(() => {
    for (const [id, each] of progress) {
      awaited.current.add(id);
      if (isUnfinished(each) || asked.current.has(id)) continue;
      asked.current.add(id);
      void client.fetchQuery(exportsQuery).catch(() => asked.current.delete(id));
    }
  }, [progress, client]);
  const take = (): ExportJob[] => {
    const ended = [];
    for (const job of data ?? []) {
      if (isUnfinished(job)) awaited.current.add(job.id);
      else if (awaited.current.has(job.id) && !told.current.has(job.id)) {
        told.current.add(job.id);
        ended.push(job);
      }
    }
    return ended;
  };
  return { take };
}

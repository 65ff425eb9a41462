import { Download, X } from "lucide-react";
import { useState } from "react";
import { api } from "@/shared/api/client";
import { may, useCurrentUser } from "@/shared/api/session";
import { ExportsDialog } from "@/shared/exports/exports-dialog";
import { useConversationExport } from "@/shared/exports/use-conversation-export";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useDownload } from "@/shared/metrics/download";
import { type ReportRequest, reportParameters } from "@/shared/metrics/report-queries";
import { Button } from "@/shared/ui/button";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import type { TabName } from "../model/report-view";
import { ScheduleDialog } from "./schedule-dialog";

const FORMATS = ["csv", "xlsx", "pdf"] as const;

interface DownloadMenuProps {
  request: ReportRequest;
  /** The tab names the file. */
  tab: TabName;
}

/** The shown report as a file, which the server makes from the same request. */
export function DownloadMenu({ request, tab }: DownloadMenuProps) {
  const { t, language } = useTranslation("reports");
  const format = useFormat();
  const download = useDownload();
  const user = useCurrentUser();
  const maySchedule = may(user, "settings:write");
  const [opened, setOpened] = useState<"schedule" | "exports" | null>(null);
  const { range, filters = {} } = request;
  const conversations = useConversationExport({ metric: "conversations", range, filters });
  const start = (fileFormat: (typeof FORMATS)[number]) => {
    const { from, to } = request.range;
    const query = {
      ...reportParameters(request),
      format: fileFormat,
      lang: language === "en" ? ("en" as const) : ("pt" as const),
    };
    download.start(`${t(`files.${tab}`)}-${from}-${to}.${fileFormat}`, (signal) =>
      api.GET("/reports/export/table", { params: { query }, parseAs: "stream", signal }),
    );
  };
  const running = download.received === null ? conversations.download : download;
  if (running.received !== null) {
    return (
      <Button size="small" variant="quiet" onClick={running.cancel}>
        <X aria-hidden className="size-4" />
        {t("metrics:download.cancel", { size: format.fileSize(running.received) })}
      </Button>
    );
  }
  const entries: MenuEntry[] = FORMATS.map((each) => ({
    id: each,
    label: t(`download.${each}`),
    onSelect: () => start(each),
  }));
  entries.push(
    { type: "line", id: "line" },
    {
      id: "conversations-csv",
      label: t("metrics:exports.csv"),
      onSelect: conversations.startCsv,
    },
    {
      id: "conversations-xlsx",
      label: t("metrics:exports.xlsx"),
      onSelect: conversations.requestWorkbook,
    },
    {
      id: "exports",
      label: t("metrics:exports.open"),
      onSelect: () => setOpened("exports"),
    },
  );
  if (maySchedule) {
    const open = {
      id: "schedule",
      label: t("schedules.open"),
      onSelect: () => setOpened("schedule"),
    };
    entries.push({ type: "line", id: "line-schedule" }, open);
  }
  return (
    <>
      <DropdownMenu
        entries={entries}
        trigger={
          <Button size="small" variant="quiet">
            <Download aria-hidden className="size-4" />
            {t("download.open")}
          </Button>
        }
      />
      {opened === "schedule" && (
        <ScheduleDialog request={request} name={t(`tabs.${tab}`)} onClose={() => setOpened(null)} />
      )}
      {opened === "exports" && <ExportsDialog onClose={() => setOpened(null)} />}
    </>
  );
}

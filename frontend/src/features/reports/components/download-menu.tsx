import { Download, X } from "lucide-react";
import { api } from "@/shared/api/client";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useDownload } from "@/shared/metrics/download";
import { type ReportRequest, reportParameters } from "@/shared/metrics/report-queries";
import { Button } from "@/shared/ui/button";
import { DropdownMenu } from "@/shared/ui/overlay/menu";

const FORMATS = ["csv", "xlsx", "pdf"] as const;

interface DownloadMenuProps {
  request: ReportRequest;
  /** The tab, for the name of the file. */
  name: string;
}

/** The shown report as a file, which the server makes from the same request. */
export function DownloadMenu({ request, name }: DownloadMenuProps) {
  const { t, language } = useTranslation("reports");
  const format = useFormat();
  const download = useDownload();
  const start = (fileFormat: (typeof FORMATS)[number]) => {
    const { from, to } = request.range;
    const query = {
      ...reportParameters(request),
      format: fileFormat,
      lang: language === "en" ? ("en" as const) : ("pt" as const),
    };
    download.start(`${name}-${from}-${to}.${fileFormat}`, (signal) =>
      api.GET("/reports/export/table", { params: { query }, parseAs: "stream", signal }),
    );
  };
  if (download.received !== null) {
    return (
      <Button size="small" variant="quiet" onClick={download.cancel}>
        <X aria-hidden className="size-4" />
        {t("metrics:download.cancel", { size: format.fileSize(download.received) })}
      </Button>
    );
  }
  return (
    <DropdownMenu
      entries={FORMATS.map((each) => ({
        id: each,
        label: t(`download.${each}`),
        onSelect: () => start(each),
      }))}
      trigger={
        <Button size="small" variant="quiet">
          <Download aria-hidden className="size-4" />
          {t("download.open")}
        </Button>
      }
    />
  );
}

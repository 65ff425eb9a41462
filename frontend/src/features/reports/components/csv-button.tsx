import { Download } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Metric, Report, ReportRow } from "@/shared/metrics/report-queries";
import { Button } from "@/shared/ui/button";
import { csvFormat, downloadText, writeCsv } from "../model/csv";
import type { DayRange } from "../model/period";
import { csvRows } from "../model/table-rows";

interface CsvButtonProps {
  report: Report;
  metrics: readonly Metric[];
  range: DayRange;
  /** The tab, for the name of the file. */
  name: string;
  heading: string;
  nameOf: (row: ReportRow) => string;
}

/** Downloads the shown table. The file is made here, from the response that is shown. */
export function CsvButton({ report, metrics, range, name, heading, nameOf }: CsvButtonProps) {
  const { t, language } = useTranslation("reports");
  const download = () => {
    const rows = csvRows({
      report,
      metrics,
      heading,
      nameOf,
      before: t("charts:before"),
      units: (metric) => t(`units.${metric.unit}`),
      locale: language,
    });
    const file = `${name}-${range.from}-${range.to}.csv`;
    downloadText(file, writeCsv(rows, csvFormat(language)));
  };
  return (
    <Button size="small" variant="quiet" onClick={download}>
      <Download aria-hidden className="size-4" />
      {t("csv")}
    </Button>
  );
}

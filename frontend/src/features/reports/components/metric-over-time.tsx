import { ChartCard } from "@/shared/charts/chart-card";
import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricName } from "@/shared/metrics/metric-name";
import type { Metric, ReportRow } from "@/shared/metrics/report-queries";
import { countDays } from "../model/period";
import { rowName } from "../model/row-names";
import { useReport } from "../model/use-report";
import { DownloadMenu } from "./download-menu";
import { requestOf } from "./grouped-tab";
import { ReportBody } from "./report-states";
import { ReportTable } from "./report-table";
import type { TabProps } from "./tab-content";
import { TimeChart } from "./time-chart";
import { useBehind } from "./use-behind";

interface MetricOverTimeProps extends TabProps {
  name: string;
  /** The metrics of the tab, which are downloaded by day, too. */
  downloaded: readonly string[];
}

/** One metric by day, or by hour if the period is one day. */
export function MetricOverTime(props: MetricOverTimeProps) {
  const { name, downloaded, view, base, onChange } = props;
  const { t, language } = useTranslation("reports");
  const groupBy = countDays(base.range) === 1 ? "hour" : "day";
  const state = useReport({ metrics: [name], groupBy, ...requestOf(base) });
  const { open, sheet } = useBehind(base);
  return (
    <ReportBody isPart state={state} view={view} onChange={onChange}>
      {({ report, metrics }) => {
        const [metric] = metrics;
        const nameOf = (row: ReportRow) => rowName(groupBy, row, report.timezone, t, language).name;
        const openRow = (one: Metric, row: ReportRow) =>
          open(one, { groupBy, key: row.key, name: nameOf(row) });
        return (
          metric && (
            <>
              <ChartCard
                title={<MetricName metric={metric} />}
                actions={
                  <DownloadMenu
                    request={{ metrics: downloaded, groupBy, ...requestOf(base) }}
                    tab={view.tab}
                  />
                }
                chart={
                  <TimeChart
                    report={report}
                    metric={metric}
                    groupBy={groupBy}
                    base={base}
                    onChoose={(key, shown) => open(metric, { groupBy, key, name: shown })}
                  />
                }
                table={
                  <ReportTable
                    caption={t("table")}
                    heading={t(`headings.${groupBy}`)}
                    rows={report.rows}
                    metrics={metrics}
                    nameOf={nameOf}
                    onOpen={openRow}
                  />
                }
              />
              {sheet}
            </>
          )
        );
      }}
    </ReportBody>
  );
}

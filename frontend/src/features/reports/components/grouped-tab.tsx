import { BarList } from "@/shared/charts/bar-list";
import { ChartCard } from "@/shared/charts/chart-card";
import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricName } from "@/shared/metrics/metric-name";
import { formatMetric, metricText } from "@/shared/metrics/metric-value";
import type { Grouping, Metric, ReportRow, Unit } from "@/shared/metrics/report-queries";
import { countDays } from "../model/period";
import { chartMetric, type GroupedTab } from "../model/report-tabs";
import { rowName } from "../model/row-names";
import { sortRows } from "../model/table-rows";
import { type LoadedReport, useReport } from "../model/use-report";
import { DownloadMenu } from "./download-menu";
import { MetricSelect } from "./metric-select";
import { ReportBody } from "./report-states";
import { ReportTable } from "./report-table";
import type { TabProps } from "./tab-content";
import { TimeChart } from "./time-chart";
import { useBehind } from "./use-behind";

/** More bars than these say nothing at a glance; the table has all rows. */
const MAX_BARS = 12;
/** The greatest value of units that have one. */
const WHOLES: Partial<Record<Unit, number>> = { percent: 100, score: 5 };

/** A chart of one metric, and a table of all of them, for each day, agent, team … */
export function GroupedTabView({ tab, ...props }: TabProps & { tab: GroupedTab }) {
  const { view, base, onChange } = props;
  // One day is shown by its hours.
  const isOneDay = tab.groupBy === "day" && countDays(base.range) === 1;
  const groupBy: Grouping = isOneDay ? "hour" : tab.groupBy;
  const state = useReport({ metrics: tab.metrics, groupBy, ...requestOf(base) });
  return (
    <ReportBody state={state} view={view} onChange={onChange}>
      {(loaded) => <GroupedReport {...props} groupBy={groupBy} loaded={loaded} />}
    </ReportBody>
  );
}

/** What the server is asked for, without what only the page needs. */
export function requestOf({ range, filters, compare, businessHours }: TabProps["base"]) {
  return { range, filters, compare, businessHours };
}

interface GroupedReportProps extends TabProps {
  groupBy: Grouping;
  loaded: LoadedReport;
}

function GroupedReport({ view, base, onChange, groupBy, loaded }: GroupedReportProps) {
  const { t, language } = useTranslation("reports");
  const { report, metrics } = loaded;
  const { open, sheet } = useBehind(base);
  const nameOf = (row: Pick<ReportRow, "key" | "name">) =>
    rowName(groupBy, row, report.timezone, t, language).name;
  const openRow = (metric: Metric, row: Pick<ReportRow, "key" | "name">) =>
    open(metric, { groupBy, key: row.key, name: nameOf(row) });
  const shown = chartMetric(
    metrics.map((each) => each.name),
    view.metric,
  );
  const metric = metrics.find((each) => each.name === shown);
  const heading = t(`headings.${groupBy}`);
  return (
    <>
      {metric && (
        <ChartCard
          title={<MetricName metric={metric} />}
          actions={
            <MetricSelect
              metrics={metrics}
              value={shown}
              onChange={(name) => onChange({ ...view, metric: name })}
            />
          }
          chart={
            groupBy === "day" || groupBy === "hour" ? (
              <TimeChart
                report={report}
                metric={metric}
                groupBy={groupBy}
                base={base}
                onChoose={(key, name) => open(metric, { groupBy, key, name })}
              />
            ) : (
              <Bars report={report} metric={metric} nameOf={nameOf} onOpen={openRow} />
            )
          }
        />
      )}
      <ChartCard
        title={t("table")}
        actions={
          <DownloadMenu
            request={{ metrics: metrics.map((each) => each.name), groupBy, ...requestOf(base) }}
            tab={view.tab}
          />
        }
        chart={
          <ReportTable
            caption={t(`tabs.${view.tab}`)}
            heading={heading}
            rows={report.rows}
            metrics={metrics}
            nameOf={nameOf}
            onOpen={openRow}
          />
        }
      />
      {sheet}
    </>
  );
}

interface BarsProps {
  report: LoadedReport["report"];
  metric: Metric;
  nameOf: (row: ReportRow) => string;
  onOpen: (metric: Metric, row: ReportRow) => void;
}

function Bars({ report, metric, nameOf, onOpen }: BarsProps) {
  const { t, language } = useTranslation("reports");
  const sorted = sortRows(report.rows, { metric: metric.name, descending: true });
  const rows = sorted.filter((row) => row.values[metric.name]).slice(0, MAX_BARS);
  if (rows.length === 0) return <p className="text-list text-text-2">{t("nothing.measured")}</p>;
  return (
    <BarList
      label={metricText(metric.label, language)}
      bars={rows.map((row) => ({
        key: row.key,
        label: <bdi>{nameOf(row)}</bdi>,
        value: row.values[metric.name] ?? null,
      }))}
      format={(value) => formatMetric(value, metric.unit, language)}
      max={WHOLES[metric.unit]}
      onChoose={
        metric.drill_down
          ? (key) => {
              const row = rows.find((each) => each.key === key);
              if (row) onOpen(metric, row);
            }
          : undefined
      }
    />
  );
}

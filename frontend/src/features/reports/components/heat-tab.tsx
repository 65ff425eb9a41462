import { ChartCard } from "@/shared/charts/chart-card";
import { type HeatHead, HeatMap } from "@/shared/charts/heat-map";
import { numberFormatter } from "@/shared/format/intl";
import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricName } from "@/shared/metrics/metric-name";
import { metricText, NOTHING } from "@/shared/metrics/metric-value";
import type { Metric, ReportRequest, ReportRow } from "@/shared/metrics/report-queries";
import { useScreenWidth } from "@/shared/navigation/screen-width";
import { weekdayName } from "../model/period";
import { chartMetric, HEAT_METRICS } from "../model/report-tabs";
import { rowName } from "../model/row-names";
import { useReport } from "../model/use-report";
import { DownloadMenu } from "./download-menu";
import { requestOf } from "./grouped-tab";
import { MetricSelect } from "./metric-select";
import { ReportBody } from "./report-states";
import type { TabProps } from "./tab-content";
import { useBehind } from "./use-behind";

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));

/** When customers write and how long they wait, by weekday and hour. */
export function HeatTab({ view, base, onChange }: TabProps) {
  const { t, language } = useTranslation("reports");
  // A field has no room for a second value.
  const asked: ReportRequest = {
    metrics: HEAT_METRICS,
    groupBy: "weekday_hour",
    ...requestOf(base),
    compare: false,
  };
  const state = useReport(asked);
  const { open, sheet } = useBehind(base);
  const shown = chartMetric(HEAT_METRICS, view.metric);
  return (
    <ReportBody state={state} view={view} onChange={onChange}>
      {({ report, metrics }) => {
        const metric = metrics.find((each) => each.name === shown);
        const nameOf = (row: Pick<ReportRow, "key" | "name">) =>
          rowName("weekday_hour", row, report.timezone, t, language).name;
        return (
          metric && (
            <>
              <ChartCard
                title={<MetricName metric={metric} />}
                actions={
                  <>
                    <MetricSelect
                      metrics={metrics}
                      value={shown}
                      onChange={(name) => onChange({ ...view, metric: name })}
                    />
                    <DownloadMenu request={asked} tab="horarios" />
                  </>
                }
                chart={
                  <Fields
                    rows={report.rows}
                    metric={metric}
                    onOpen={(key) =>
                      open(metric, {
                        groupBy: "weekday_hour",
                        key,
                        name: nameOf({ key, name: "" }),
                      })
                    }
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

interface FieldsProps {
  rows: readonly ReportRow[];
  metric: Metric;
  onOpen: (key: string) => void;
}

/** Weekdays down and hours across; on a phone the other way round. */
function Fields({ rows, metric, onOpen }: FieldsProps) {
  const { t, language } = useTranslation("reports");
  const isPhone = useScreenWidth() === "phone";
  const values = new Map(rows.map((row) => [row.key, row.values[metric.name] ?? null]));
  const missing = metric.unit === "count" ? 0 : null;
  const weekdays = WEEKDAYS.map((day) => ({
    key: String(day),
    label: weekdayName(day, language, "short").replace(".", ""),
    name: weekdayName(day, language, "long"),
  }));
  const hours: HeatHead[] = HOURS.map((hour) => ({ key: hour, label: hour, name: `${hour}h` }));
  const keyOf = (row: string, column: string) =>
    isPhone ? `${column}-${row}` : `${row}-${column}`;
  const valueAt = (row: string, column: string) => {
    const value = values.get(keyOf(row, column));
    return value === undefined ? missing : value;
  };
  return (
    <HeatMap
      caption={t("heat", { name: metricText(metric.label, language) })}
      rows={isPhone ? hours : weekdays}
      columns={isPhone ? weekdays : hours}
      valueAt={valueAt}
      format={(value) => shortValue(value, metric.unit === "seconds", language)}
      onChoose={metric.drill_down ? (row, column) => onOpen(keyOf(row, column)) : undefined}
    />
  );
}

/** "1,2 mil", "45s", "12m", "3h", "2d": what a field has room for. */
function shortValue(value: number | null, isTime: boolean, locale: string): string {
  if (value === null) return NOTHING;
  if (!isTime) return numberFormatter(locale, { notation: "compact" }).format(value);
  if (value < 60) return `${Math.round(value)}s`;
  if (value < 3_600) return `${Math.round(value / 60)}m`;
  return value < 86_400 ? `${Math.round(value / 3_600)}h` : `${Math.round(value / 86_400)}d`;
}

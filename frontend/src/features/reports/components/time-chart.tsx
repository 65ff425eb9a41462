import { LineChart } from "@/shared/charts/line-chart";
import { useTranslation } from "@/shared/i18n/use-translation";
import { formatMetric, metricText } from "@/shared/metrics/metric-value";
import type { Metric, Report } from "@/shared/metrics/report-queries";
import { filledTimes } from "../model/filled-times";
import { formatRange } from "../model/period";
import { rowName } from "../model/row-names";
import type { ReportBase } from "../model/use-report";

interface TimeChartProps {
  report: Report;
  metric: Metric;
  groupBy: "day" | "hour";
  base: ReportBase;
  onChoose: (key: string, name: string) => void;
}

/** A metric by day or hour, beside the period before. */
export function TimeChart({ report, metric, groupBy, base, onChoose }: TimeChartProps) {
  const { t, language } = useTranslation("reports");
  const { range, today, compare } = base;
  const values = filledTimes(report, groupBy, range, today, metric, compare);
  const points = values.map((each) => {
    const { name, short } = rowName(
      groupBy,
      { key: each.key, name: "" },
      report.timezone,
      t,
      language,
    );
    return { ...each, label: name, tick: short };
  });
  const format = (value: number | null) => formatMetric(value, metric.unit, language);
  const measured = values.flatMap((each) => each.value ?? []);
  const earlier = values.flatMap((each) => each.before ?? []);
  if (measured.length + earlier.length === 0) {
    return <p className="text-list text-text-2">{t("nothing.measured")}</p>;
  }
  const summary = t(measured.length > 0 ? "summary" : "summary_nothing", {
    name: metricText(metric.label, language),
    range: formatRange(range, language),
    low: format(Math.min(...measured)),
    high: format(Math.max(...measured)),
  });
  return (
    <LineChart
      summary={summary}
      points={points}
      format={format}
      kind={metric.unit === "seconds" ? "time" : "plain"}
      isWhole={metric.unit === "count"}
      onChoose={
        metric.drill_down ? (point) => point.value && onChoose(point.key, point.label) : undefined
      }
    />
  );
}

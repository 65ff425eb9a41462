import { useQuery } from "@tanstack/react-query";
import { ChartCard } from "@/shared/charts/chart-card";
import { LineChart } from "@/shared/charts/line-chart";
import { PlainTable } from "@/shared/charts/plain-table";
import { useTranslation } from "@/shared/i18n/use-translation";
import { formatMetric } from "@/shared/metrics/metric-value";
import { addDays, countDays, formatDayLong, formatDayShort, formatRange } from "../model/period";
import type { ReportBase } from "../model/use-report";
import { type RatingPeriod, ratingStatisticsQuery } from "../queries";

interface RatingTrendProps {
  period: RatingPeriod;
  base: ReportBase;
}

/** The average score of each day. The ratings themselves are asked, not the read model. */
export function RatingTrend({ period, base }: RatingTrendProps) {
  const { t, language } = useTranslation("reports");
  const { data } = useQuery(ratingStatisticsQuery(period, base.filters, "day"));
  const { range } = base;
  const days = new Map(data?.map((row) => [row.key, row]));
  const format = (value: number | null) => formatMetric(value, "score", language);
  const points = Array.from({ length: countDays(range) }, (_, index) => {
    const key = addDays(range.from, index);
    return {
      key,
      label: formatDayLong(key, language),
      tick: formatDayShort(key, language),
      value: days.get(key)?.average ?? null,
    };
  });
  const scores = points.flatMap((each) => each.value ?? []);
  const summary = t(scores.length > 0 ? "summary" : "summary_nothing", {
    name: t("ratings.average"),
    range: formatRange(range, language),
    low: format(Math.min(...scores)),
    high: format(Math.max(...scores)),
  });
  return (
    <ChartCard
      title={t("ratings.trend")}
      chart={<LineChart summary={summary} points={points} format={format} />}
      table={
        <PlainTable
          caption={t("ratings.trend")}
          heads={[t("headings.day"), t("ratings.average"), t("ratings.answers")]}
          rows={points
            .filter((point) => point.value !== null)
            .map((point) => [
              point.label,
              format(point.value),
              formatMetric(days.get(point.key)?.answered, "count", language),
            ])}
        />
      }
    />
  );
}

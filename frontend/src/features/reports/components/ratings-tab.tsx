import { useQuery } from "@tanstack/react-query";
import { useColleagues } from "@/shared/api/colleagues";
import { BarList } from "@/shared/charts/bar-list";
import { ChartCard } from "@/shared/charts/chart-card";
import { numberFormatter } from "@/shared/format/intl";
import { ratingEmoji } from "@/shared/format/ratings";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { formatMetric } from "@/shared/metrics/metric-value";
import { Banner } from "@/shared/ui/feedback/banner";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { useReport } from "../model/use-report";
import { type RatingPeriod, type RatingStatistics, ratingStatisticsQuery } from "../queries";
import { requestOf } from "./grouped-tab";
import { RatingComments } from "./rating-comments";
import { RatingTrend } from "./rating-trend";
import { ReportSkeleton } from "./report-skeleton";
import type { TabProps } from "./tab-content";

const SCORES = [5, 4, 3, 2, 1];

/** What customers said: scores, trend, by agent, and their words. */
export function RatingsTab(props: TabProps) {
  const { t } = useTranslation("reports");
  const { base } = props;
  // The report knows the first and the last moment of the local days.
  const { loaded, error, retry } = useReport({
    metrics: ["rating"],
    groupBy: "none",
    ...requestOf(base),
  });
  if (error) return <ErrorState error={error} title={t("failed")} onRetry={retry} />;
  if (!loaded) return <ReportSkeleton />;
  const { from, to } = loaded.report;
  return (
    <>
      {base.filters.label && <Banner className="rounded-control">{t("ratings.no_label")}</Banner>}
      <Statistics {...props} period={{ from, to }} />
    </>
  );
}

function Statistics({ period, ...props }: TabProps & { period: RatingPeriod }) {
  const { t } = useTranslation("reports");
  const { filters } = props.base;
  const total = useQuery(ratingStatisticsQuery(period, filters, "none"));
  const row = total.data?.[0];
  if (total.error && !total.data) {
    return (
      <ErrorState error={total.error} title={t("failed")} onRetry={() => void total.refetch()} />
    );
  }
  if (!total.data) return <ReportSkeleton />;
  if (!row || row.requested + row.answered === 0) {
    return <EmptyState title={t("ratings.none")}>{t("ratings.none_hint")}</EmptyState>;
  }
  return (
    <>
      <RatingFigures row={row} />
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Distribution row={row} />
        <ByAgent period={period} filters={filters} />
      </div>
      <RatingTrend period={period} base={props.base} />
      <RatingComments period={period} filters={filters} />
    </>
  );
}

/** The four figures of the selected ratings. */
function RatingFigures({ row }: { row: RatingStatistics }) {
  const { t, language } = useTranslation("reports");
  const share = (part: number | null) =>
    formatMetric(part === null ? null : part * 100, "percent", language);
  const figures = {
    average: formatMetric(row.average, "score", language),
    satisfied: share(row.satisfied),
    requested: formatMetric(row.requested, "count", language),
    response_rate: share(row.response_rate),
  };
  return (
    <dl className="grid grid-cols-1 gap-4 min-[340px]:grid-cols-2 xl:grid-cols-4">
      {Object.entries(figures).map(([name, value]) => (
        <div
          key={name}
          data-rating={name}
          className="flex flex-col gap-1 rounded-bubble border border-divider bg-page p-4"
        >
          <dt className="text-list text-text-2">{t(`ratings.${name}`)}</dt>
          <dd className="font-semibold text-figure tabular-nums">{value}</dd>
          <dd className="text-meta text-text-3">{t(`ratings.${name}_hint`)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Distribution({ row }: { row: RatingStatistics }) {
  const { t } = useTranslation("reports");
  const format = useFormat();
  return (
    <ChartCard
      title={t("ratings.distribution")}
      chart={
        <BarList
          label={t("ratings.distribution")}
          bars={SCORES.map((score) => ({
            key: String(score),
            label: (
              <>
                {score} <span aria-hidden>{ratingEmoji(score)}</span>
              </>
            ),
            value: row.scores[score - 1] ?? 0,
          }))}
          format={(value) => format.number(value ?? 0)}
        />
      }
    />
  );
}

function ByAgent({
  period,
  filters,
}: {
  period: RatingPeriod;
  filters: TabProps["base"]["filters"];
}) {
  const { t, language } = useTranslation("reports");
  const colleagues = useColleagues();
  const rows = useQuery(ratingStatisticsQuery(period, filters, "agent")).data ?? [];
  const scored = rows.filter((row) => row.average !== null);
  const nameOf = (key: string) =>
    key === ""
      ? t("without.agent")
      : (colleagues.find((each) => each.id === key)?.name ?? t("ratings.former"));
  return (
    <ChartCard
      title={t("ratings.by_agent")}
      chart={
        <BarList
          label={t("ratings.by_agent")}
          bars={scored
            .toSorted((a, b) => (b.average ?? 0) - (a.average ?? 0))
            .map((row) => ({
              key: row.key,
              label: <bdi>{nameOf(row.key)}</bdi>,
              value: row.average,
            }))}
          max={5}
          format={(value) =>
            numberFormatter(language, {
              minimumFractionDigits: 1,
              maximumFractionDigits: 2,
            }).format(value ?? 0)
          }
        />
      }
    />
  );
}

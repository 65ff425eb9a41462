import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useColleague } from "@/shared/api/colleagues";
import { ChartCard } from "@/shared/charts/chart-card";
import { ratingEmoji } from "@/shared/format/ratings";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ReportFilters } from "@/shared/metrics/report-queries";
import { Button } from "@/shared/ui/button";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { type Rating, type RatingPeriod, ratingCommentsQuery } from "../queries";

interface RatingCommentsProps {
  period: RatingPeriod;
  filters: ReportFilters;
}

/** The last words of customers about the service, each a link to its conversation. */
export function RatingComments({ period, filters }: RatingCommentsProps) {
  const { t } = useTranslation("reports");
  return (
    <ChartCard title={t("comments.title")} chart={<Comments period={period} filters={filters} />} />
  );
}

function Comments({ period, filters }: RatingCommentsProps) {
  const { t } = useTranslation("reports");
  const query = useInfiniteQuery(ratingCommentsQuery(period, filters));
  const { data, error, refetch } = query;
  if (error && !data) {
    return <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows count={3} height={56} label={t("shared:ui.loading")} />;
  const ratings = data.pages.flatMap((page) => page.items);
  if (ratings.length === 0) {
    return <EmptyState title={t("comments.none")}>{t("comments.none_hint")}</EmptyState>;
  }
  return (
    <div className="flex flex-col gap-3">
      <ul>
        {ratings.map((rating) => (
          <li key={rating.id} className="border-divider border-b last:border-0">
            <Comment rating={rating} />
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <Button
          className="self-center"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t("metrics:behind.more")}
        </Button>
      )}
    </div>
  );
}

function Comment({ rating }: { rating: Rating }) {
  const { t } = useTranslation("reports");
  const format = useFormat();
  const agent = useColleague(rating.agent);
  const words = [...(rating.comments.length > 0 ? rating.comments : [rating.answer ?? ""])];
  const score = rating.score === null ? t("comments.no_score") : String(rating.score);
  return (
    <Link
      to="/atendimentos/$id"
      params={{ id: rating.conversation_id }}
      className="focus-inset flex gap-3 px-1 py-2 hover:bg-hover"
    >
      <span className="w-10 shrink-0 text-list tabular-nums">
        <span className="sr-only">{t("comments.score")}: </span>
        {score} <span aria-hidden>{ratingEmoji(rating.score)}</span>
      </span>
      <span className="min-w-0 flex-1">
        <span className="block whitespace-pre-line text-body text-text [overflow-wrap:anywhere]">
          {words.join("\n")}
        </span>
        <span className="flex flex-wrap gap-x-2 text-meta text-text-3">
          <bdi>{rating.contact ?? t("shared:ui.no_name")}</bdi>
          <span>{agent?.name ?? t("without.agent")}</span>
          <time dateTime={rating.created_at}>
            {format.dateTime(rating.answered_at ?? rating.created_at)}
          </time>
        </span>
      </span>
    </Link>
  );
}

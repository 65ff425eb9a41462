import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";
import type { ReportFilters } from "@/shared/metrics/report-queries";

type Schemas = components["schemas"];
export type Rating = Schemas["RatingResponse"];
export type RatingStatistics = Schemas["RatingStatisticsRow"];

const COMMENTS = 10;

/** The provider's time zone: what "today" is does not depend on where the browser is. */
export const timezoneQuery = queryOptions({
  queryKey: ["reports", "timezone"],
  queryFn: async () =>
    (await unwrap(api.GET("/reports/query", { params: { query: { metric: "conversations" } } })))
      .timezone,
  staleTime: Number.POSITIVE_INFINITY,
});

/** From a first moment up to, not including, another one. */
export interface RatingPeriod {
  from: string;
  to: string;
}

function ratingFilters({ team, agent, channel }: ReportFilters) {
  return {
    ...(team ? { team: [team] } : {}),
    ...(agent ? { agent: [agent] } : {}),
    ...(channel ? { channel: [channel] } : {}),
  };
}

export function ratingStatisticsQuery(
  period: RatingPeriod,
  filters: ReportFilters,
  groupBy: "none" | "agent" | "day",
) {
  const query = { ...period, ...ratingFilters(filters), group_by: groupBy };
  return queryOptions({
    queryKey: ["ratings", "statistics", query],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET("/ratings/statistics", { params: { query }, signal }))).rows,
  });
}

/** Ratings with words of the customer, the newest first. */
export function ratingCommentsQuery(period: RatingPeriod, filters: ReportFilters) {
  const query = { ...period, ...ratingFilters(filters), with_comment: true, limit: COMMENTS };
  return infiniteQueryOptions({
    queryKey: ["ratings", "comments", query],
    queryFn: ({ pageParam, signal }) => {
      const page = pageParam === null ? {} : { cursor: pageParam };
      return unwrap(api.GET("/ratings", { params: { query: { ...query, ...page } }, signal }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
}

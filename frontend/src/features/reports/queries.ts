import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";
import type { ReportFilters } from "@/shared/metrics/report-queries";

type Schemas = components["schemas"];
export type Rating = Schemas["RatingResponse"];
export type RatingStatistics = Schemas["RatingStatisticsRow"];

export type ReportSchedule = Schemas["ReportScheduleResponse"];
export type ReportScheduleContent = Schemas["PutReportScheduleRequest"];

const COMMENTS = 10;
const SCHEDULES = ["report-schedules"];

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

/** Reports that are sent by e-mail. */
export const schedulesQuery = queryOptions({
  queryKey: SCHEDULES,
  queryFn: ({ signal }) => unwrap(api.GET("/report-schedules", { signal })),
});

type Version = Pick<ReportSchedule, "id" | "version">;

const toVersion = ({ id, version }: Version) => ({
  path: { schedule_id: id },
  header: { "if-match": `"${version}"` },
});
const once = () => ({ header: { "Idempotency-Key": newIdempotencyKey() } });

/** Creates a schedule, or with `base` replaces that version of it. Fails with 412 if it is old. */
export function useSaveSchedule() {
  return useScheduleChange(
    ({ content, base }: { content: ReportScheduleContent; base: Version | null }) =>
      base
        ? unwrap(
            api.PUT("/report-schedules/{schedule_id}", { params: toVersion(base), body: content }),
          )
        : unwrap(api.POST("/report-schedules", { params: once(), body: content })),
  );
}

/** Deletes this version of a schedule. */
export function useDeleteSchedule() {
  return useScheduleChange((base: Version) =>
    unwrap(api.DELETE("/report-schedules/{schedule_id}", { params: toVersion(base) })),
  );
}

/** Sends the report of the last complete period, besides its usual times. */
export function useSendSchedule() {
  return useScheduleChange(({ id }: Version) =>
    unwrap(
      api.POST("/report-schedules/{schedule_id}/send", {
        params: { path: { schedule_id: id }, ...once() },
      }),
    ),
  );
}

function useScheduleChange<Input, Output>(mutationFn: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSettled: () => client.invalidateQueries({ queryKey: SCHEDULES }),
  });
}

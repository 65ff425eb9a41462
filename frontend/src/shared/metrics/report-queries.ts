import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../api/client";
import type { components } from "../api/schema.gen";

type Schemas = components["schemas"];
export type Metric = Schemas["MetricResponse"];
export type Unit = Metric["unit"];
export type Grouping = Metric["group_by"][number];
export type ReportRow = Schemas["ReportRowResponse"];
export type Report = Schemas["ReportResponse"];
export type BehindRow = Schemas["LiveConversation"];

/** Which conversations; `team` and `agent` may be "none". */
export interface ReportFilters {
  team?: string;
  agent?: string;
  channel?: string;
  label?: string;
}

/** Local days of the provider, both included, or times with an offset. */
export interface ReportRange {
  from: string;
  to: string;
}

export interface ReportRequest {
  metrics: readonly string[];
  groupBy: Grouping;
  range: ReportRange;
  filters?: ReportFilters;
  compare?: boolean;
  businessHours?: boolean;
}

/** The metrics with their definitions; they change with a new version of the product only. */
export const metricsQuery = queryOptions({
  queryKey: ["reports", "metrics"],
  queryFn: () => unwrap(api.GET("/reports/metrics")),
  staleTime: Number.POSITIVE_INFINITY,
  select: (metrics) => new Map(metrics.map((each) => [each.name, each])),
});

/** The request as the parameters of the API. */
export function reportParameters(request: ReportRequest) {
  const { metrics, groupBy, range, filters = {}, compare = false, businessHours = false } = request;
  return {
    metric: metrics.join(","),
    group_by: groupBy,
    ...range,
    ...filters,
    ...(compare ? { compare: "previous" as const } : {}),
    ...(businessHours ? { business_hours: true } : {}),
  };
}

export function reportQuery(request: ReportRequest) {
  const query = reportParameters(request);
  return queryOptions({
    queryKey: ["reports", "query", query],
    queryFn: ({ signal }) => unwrap(api.GET("/reports/query", { params: { query }, signal })),
    // What is shown stays until the other period is there; another tab has other columns.
    placeholderData: (before, last) =>
      (last?.queryKey[2] as typeof query | undefined)?.metric === query.metric
        ? keepPreviousData(before)
        : undefined,
  });
}

/** The conversations behind the value of a metric, or behind that of one row. */
export interface BehindRequest {
  metric: string;
  range: ReportRange;
  groupBy?: Grouping;
  key?: string;
  filters?: ReportFilters;
}

/** The request as the parameters of the API. */
export function behindParameters(request: BehindRequest) {
  const { metric, range, groupBy = "none", key, filters = {} } = request;
  return {
    metric,
    group_by: groupBy,
    ...range,
    ...filters,
    ...(key === undefined || groupBy === "none" ? {} : { key }),
  };
}

export function behindQuery(request: BehindRequest) {
  const query = behindParameters(request);
  return infiniteQueryOptions({
    queryKey: ["reports", "conversations", query],
    queryFn: ({ pageParam, signal }) => {
      const page = pageParam === null ? {} : { cursor: pageParam };
      return unwrap(
        api.GET("/reports/conversations", { params: { query: { ...query, ...page } }, signal }),
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
}

import { useQuery } from "@tanstack/react-query";
import {
  type Metric,
  metricsQuery,
  type Report,
  type ReportRequest,
  reportQuery,
} from "@/shared/metrics/report-queries";

export interface LoadedReport {
  report: Report;
  /** The metrics that were asked for, in that order. */
  metrics: readonly Metric[];
  /** The values are still those of the request before. */
  isOld: boolean;
}

/** A report together with the descriptions of its metrics. */
export function useReport(request: ReportRequest): {
  loaded: LoadedReport | null;
  error: Error | null;
  retry: () => void;
} {
  const descriptions = useQuery(metricsQuery);
  const query = useQuery(reportQuery(request));
  const { data: known } = descriptions;
  const { data: report } = query;
  const loaded =
    known && report
      ? {
          report,
          metrics: request.metrics.flatMap((name) => known.get(name) ?? []),
          isOld: query.isPlaceholderData,
        }
      : null;
  return {
    loaded,
    error: loaded ? null : (query.error ?? descriptions.error),
    retry: () => {
      void query.refetch();
      if (!known) void descriptions.refetch();
    },
  };
}

/** What all tabs ask for: the period, the filters, and how they are measured. */
export type ReportBase = Required<
  Pick<ReportRequest, "range" | "filters" | "compare" | "businessHours">
> & {
  /** The provider's day. */
  today: string;
  timezone: string;
};

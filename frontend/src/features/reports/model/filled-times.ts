import type { Metric, Report, ReportRow } from "@/shared/metrics/report-queries";
import { addDays, countDays, type DayRange } from "./period";

/** A value of a time axis; `before` is left out without a comparison. */
export interface TimeValue {
  key: string;
  value: number | null;
  before?: number | null;
}

const HOUR_MS = 3_600_000;

/**
 * The values of every day or hour of a period. The server leaves out those in which nothing happened: they
 * are 0 for a count and nothing for an average. What has not come yet is nothing either.
 */
export function filledTimes(
  report: Pick<Report, "rows" | "from" | "to" | "as_of" | "timezone">,
  groupBy: "day" | "hour",
  days: DayRange,
  today: string,
  metric: Pick<Metric, "name" | "unit">,
  compare: boolean,
): TimeValue[] {
  const asOf = Date.parse(report.as_of);
  const isCount = metric.unit === "count";
  const fill = (key: string, row: ReportRow | undefined, isFuture: boolean): TimeValue => {
    const nothing = isCount ? 0 : null;
    const value = isFuture ? null : row ? (row.values[metric.name] ?? null) : nothing;
    if (!compare) return { key, value };
    return { key, value, before: row?.compared ? (row.compared[metric.name] ?? null) : nothing };
  };
  if (groupBy === "day") {
    const rows = new Map(report.rows.map((row) => [row.key, row]));
    return Array.from({ length: countDays(days) }, (_, index) => {
      const day = addDays(days.from, index);
      return fill(day, rows.get(day), day > today);
    });
  }
  const rows = new Map(report.rows.map((row) => [Date.parse(row.key), row]));
  const [from, to] = [Date.parse(report.from), Date.parse(report.to)];
  return Array.from({ length: Math.round((to - from) / HOUR_MS) }, (_, index) => {
    const hour = from + index * HOUR_MS;
    const row = rows.get(hour);
    return fill(row?.key ?? new Date(hour).toISOString(), row, hour > asOf);
  });
}

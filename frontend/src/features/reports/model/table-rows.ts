import { metricText } from "@/shared/metrics/metric-value";
import type { Metric, Report, ReportRow } from "@/shared/metrics/report-queries";
import type { CsvCell } from "./csv";

/** The metric by whose values a table is sorted; null for the server's order. */
export interface TableSort {
  metric: string | null;
  descending: boolean;
}

/** Rows in the order of the table. What was not measured is always last. */
export function sortRows(rows: readonly ReportRow[], { metric, descending }: TableSort) {
  if (metric === null) return [...rows];
  const value = (row: ReportRow) => row.values[metric] ?? null;
  return [...rows].sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return descending ? other - one : one - other;
  });
}

interface CsvTable {
  report: Pick<Report, "rows">;
  metrics: readonly Metric[];
  /** The head of the first column. */
  heading: string;
  nameOf: (row: ReportRow) => string;
  before: string;
  units: (metric: Metric) => string;
  locale: string;
}

/** The shown table for a file: plain numbers, the unit in the head, the period before beside each. */
export function csvRows(table: CsvTable): CsvCell[][] {
  const { report, metrics, heading, nameOf, before, units, locale } = table;
  const isCompared = report.rows.some((row) => row.compared !== null);
  const columns = metrics.flatMap((metric) => {
    const name = `${metricText(metric.label, locale)}${units(metric)}`;
    return isCompared ? [name, `${name}, ${before}`] : [name];
  });
  return [
    [heading, ...columns],
    ...report.rows.map((row) => [
      nameOf(row),
      ...metrics.flatMap((metric) => {
        const value = row.values[metric.name] ?? null;
        return isCompared ? [value, row.compared?.[metric.name] ?? null] : [value];
      }),
    ]),
  ];
}

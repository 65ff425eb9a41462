import type { ReportRow } from "@/shared/metrics/report-queries";

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

import type { ListFilter, ListSort } from "@/shared/live";

export const COLUMNS = ["pending", "waiting", "open"] as const;
export type Column = (typeof COLUMNS)[number];

/** Those who wait longest come first; elsewhere what changed last. */
export const COLUMN_SORTS: Record<Column, ListSort> = {
  pending: "changed",
  waiting: "waiting",
  open: "changed",
};

export function columnFilter(column: Column, team: readonly string[] = []): ListFilter {
  return { tab: "all", status: [column], ...(team.length > 0 ? { team } : {}) };
}

/** The column beside another one; null beyond the first and the last. */
export function columnBeside(column: Column, step: 1 | -1): Column | null {
  return COLUMNS[COLUMNS.indexOf(column) + step] ?? null;
}

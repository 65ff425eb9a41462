import { ArrowDown, ArrowDownUp, ArrowUp } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricDefinition } from "@/shared/metrics/metric-name";
import { formatMetric, metricText } from "@/shared/metrics/metric-value";
import type { Metric, ReportRow } from "@/shared/metrics/report-queries";
import { sortRows, type TableSort } from "../model/table-rows";

interface ReportTableProps {
  /** The accessible name. */
  caption: string;
  /** The head of the first column. */
  heading: string;
  rows: readonly ReportRow[];
  metrics: readonly Metric[];
  nameOf: (row: ReportRow) => string;
  onOpen: (metric: Metric, row: ReportRow) => void;
}

/** The values of each row; a column sorts, and a value opens the conversations behind it. */
export function ReportTable(props: ReportTableProps) {
  const { caption, heading, rows, metrics, nameOf, onOpen } = props;
  const [sort, setSort] = useState<TableSort>({ metric: null, descending: true });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keys
    <section aria-label={caption} tabIndex={0} className="focus-inset overflow-x-auto">
      <table className="w-full border-collapse text-list tabular-nums">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-divider border-b align-bottom text-text-2">
            <th
              scope="col"
              className="sticky left-0 z-10 bg-page py-2 pr-3 text-left font-medium text-meta"
            >
              {heading}
            </th>
            {metrics.map((metric) => (
              <ColumnHead key={metric.name} metric={metric} sort={sort} onSort={setSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sortRows(rows, sort).map((row) => (
            <tr key={row.key} className="h-9 border-divider border-b last:border-0 hover:bg-hover">
              <th
                scope="row"
                className="sticky left-0 z-10 max-w-52 truncate bg-page py-1 pr-3 text-left font-medium text-text"
              >
                <bdi>{nameOf(row)}</bdi>
              </th>
              {metrics.map((metric) => (
                <td key={metric.name} className="whitespace-nowrap px-2 py-1 text-right">
                  <Value metric={metric} row={row} name={nameOf(row)} onOpen={onOpen} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface ColumnHeadProps {
  metric: Metric;
  sort: TableSort;
  onSort: (sort: TableSort) => void;
}

function ColumnHead({ metric, sort, onSort }: ColumnHeadProps) {
  const { t, language } = useTranslation("reports");
  const isSorted = sort.metric === metric.name;
  const Icon = !isSorted ? ArrowDownUp : sort.descending ? ArrowDown : ArrowUp;
  // A third click leads back to the order of the report.
  const next: TableSort = !isSorted
    ? { metric: metric.name, descending: true }
    : sort.descending
      ? { metric: metric.name, descending: false }
      : { metric: null, descending: true };
  return (
    <th
      scope="col"
      aria-sort={isSorted ? (sort.descending ? "descending" : "ascending") : "none"}
      className="min-w-28 px-2 py-2 text-right font-medium text-meta"
    >
      <span className="block">{metricText(metric.label, language)}</span>
      <span className="inline-flex gap-1">
        <MetricDefinition metric={metric} />
        <button
          type="button"
          aria-label={t("sort", { name: metricText(metric.label, language) })}
          className="inline-flex size-6 shrink-0 items-center justify-center rounded-control text-text-2 hover:bg-hover hover:text-text"
          onClick={() => onSort(next)}
        >
          <Icon aria-hidden className={isSorted ? "size-3.5 text-accent" : "size-3.5"} />
        </button>
      </span>
    </th>
  );
}

interface ValueProps {
  metric: Metric;
  row: ReportRow;
  name: string;
  onOpen: (metric: Metric, row: ReportRow) => void;
}

function Value({ metric, row, name, onOpen }: ValueProps) {
  const { t, language } = useTranslation("reports");
  const value = row.values[metric.name];
  const shown = formatMetric(value, metric.unit, language);
  const label = metricText(metric.label, language);
  return (
    <>
      {metric.drill_down && value ? (
        <button
          type="button"
          aria-label={`${name}, ${label}: ${shown}`}
          className="rounded-control px-1 text-text underline decoration-divider underline-offset-4 hover:text-accent hover:decoration-current"
          onClick={() => onOpen(metric, row)}
        >
          {shown}
        </button>
      ) : (
        <span className="px-1 text-text-2">{shown}</span>
      )}
      {row.compared && (
        <span className="block px-1 text-badge text-text-3">
          {t("was", { value: formatMetric(row.compared[metric.name], metric.unit, language) })}
        </span>
      )}
    </>
  );
}

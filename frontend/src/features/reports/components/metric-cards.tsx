import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricCard } from "@/shared/metrics/metric-card";
import type { Metric, ReportRow } from "@/shared/metrics/report-queries";

interface MetricCardsProps {
  /** The accessible name of the group. */
  label: string;
  metrics: readonly Metric[];
  /** The only row of a report without grouping. */
  row: ReportRow | undefined;
  onOpen: (metric: Metric) => void;
}

export function MetricCards({ label, metrics, row, onOpen }: MetricCardsProps) {
  const { t } = useTranslation("reports");
  return (
    <section
      aria-label={label}
      className="grid grid-cols-1 gap-4 min-[340px]:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4"
    >
      {metrics.map((metric) => (
        <MetricCard
          key={metric.name}
          metric={metric}
          value={row?.values[metric.name]}
          before={row?.compared?.[metric.name]}
          than={row?.compared ? t("than_before") : null}
          onOpen={() => onOpen(metric)}
        />
      ))}
    </section>
  );
}

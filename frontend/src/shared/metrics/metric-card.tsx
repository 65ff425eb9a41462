import { useTranslation } from "../i18n/use-translation";
import { cn } from "../ui/class-names";
import { ChangeMark } from "./change-mark";
import { MetricName } from "./metric-name";
import { formatMetric, metricText } from "./metric-value";
import type { Metric } from "./report-queries";

interface MetricCardProps {
  metric: Metric;
  value: number | null | undefined;
  /** The value of the period before; left out without a comparison. */
  before?: number | null | undefined;
  /** What it is compared with; null for no comparison. */
  than: string | null;
  /** For a television. */
  isLarge?: boolean;
  /** Shows the conversations behind it; not offered where the metric has none. */
  onOpen: () => void;
}

/** A metric with its definition, its value and how it has changed. */
export function MetricCard(props: MetricCardProps) {
  const { metric, value, before, than, isLarge = false, onOpen } = props;
  const { t, language } = useTranslation("metrics");
  const shown = formatMetric(value, metric.unit, language);
  const figure = cn(
    "w-fit font-semibold tabular-nums",
    isLarge ? "text-[36px] leading-tight" : "text-figure",
  );
  const hasMore = metric.drill_down && value !== null && value !== undefined;
  return (
    <div
      data-metric={metric.name}
      className="flex min-w-0 flex-col gap-1 rounded-bubble border border-divider bg-page p-4"
    >
      <span className={cn("flex-1 text-text-2", isLarge ? "text-title" : "text-list")}>
        <MetricName metric={metric} />
      </span>
      {hasMore ? (
        <button
          type="button"
          className={cn(figure, "rounded-control text-left hover:text-accent")}
          aria-label={t("open", { name: metricText(metric.label, language), value: shown })}
          onClick={onOpen}
        >
          {shown}
        </button>
      ) : (
        <span className={figure}>{shown}</span>
      )}
      {than !== null && <ChangeMark metric={metric} value={value} before={before} than={than} />}
    </div>
  );
}

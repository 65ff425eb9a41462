import { ArrowDown, ArrowUp, Equal } from "lucide-react";
import { useTranslation } from "../i18n/use-translation";
import { cn } from "../ui/class-names";
import { compareValues, formatMetric } from "./metric-value";
import type { Metric } from "./report-queries";

const ICONS = { up: ArrowUp, down: ArrowDown, same: Equal };

interface ChangeMarkProps {
  metric: Metric;
  value: number | null | undefined;
  before: number | null | undefined;
  /** What it is compared with: "há uma semana". */
  than: string;
}

/** How a value has changed: arrow, number and the value before; better or worse also in words. */
export function ChangeMark({ metric, value, before, than }: ChangeMarkProps) {
  const { t, language } = useTranslation("metrics");
  const found = compareValues(value, before, metric, language);
  const earlier = `${than}: ${formatMetric(before, metric.unit, language)}`;
  if (!found) return <span className="text-meta text-text-3">{earlier}</span>;
  const Icon = ICONS[found.direction];
  return (
    <span className="flex flex-wrap items-center gap-x-2 text-meta text-text-3 tabular-nums">
      <span
        className={cn(
          "inline-flex items-center gap-0.5 font-medium",
          found.isBetter === true && "text-ok",
          found.isBetter === false && "text-danger",
        )}
      >
        <Icon aria-hidden className="size-3.5" />
        {found.change}
        {found.isBetter !== null && (
          <span className="sr-only">{t(found.isBetter ? "better" : "worse")}</span>
        )}
      </span>
      {earlier}
    </span>
  );
}

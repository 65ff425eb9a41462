import { Info } from "lucide-react";
import { useTranslation } from "../i18n/use-translation";
import { IconButton } from "../ui/icon-button";
import { Popover } from "../ui/overlay/popover";
import { metricText } from "./metric-value";
import type { Metric } from "./report-queries";

/** The name of a metric, with a button that says what exactly is counted. */
export function MetricName({ metric }: { metric: Metric }) {
  const { language } = useTranslation("metrics");
  return (
    <span className="inline-flex min-w-0 items-center gap-0.5">
      <span className="min-w-0">{metricText(metric.label, language)}</span>
      <MetricDefinition metric={metric} />
    </span>
  );
}

/** A button that says what exactly a metric counts. */
export function MetricDefinition({ metric }: { metric: Metric }) {
  const { t, language } = useTranslation("metrics");
  const name = metricText(metric.label, language);
  return (
    <Popover
      label={t("definition", { name })}
      className="max-w-80 text-list"
      trigger={
        <IconButton size="small" label={t("definition", { name })} hasTooltip={false}>
          <Info />
        </IconButton>
      }
    >
      <p className="pb-1 font-semibold">{name}</p>
      <p className="text-text-2">{metricText(metric.definition, language)}</p>
    </Popover>
  );
}

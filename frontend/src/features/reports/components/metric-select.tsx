import { useTranslation } from "@/shared/i18n/use-translation";
import { metricText } from "@/shared/metrics/metric-value";
import type { Metric } from "@/shared/metrics/report-queries";
import { Select } from "@/shared/ui/form/select";

interface MetricSelectProps {
  metrics: readonly Metric[];
  value: string;
  onChange: (name: string) => void;
}

/** Which metric a chart shows. */
export function MetricSelect({ metrics, value, onChange }: MetricSelectProps) {
  const { t, language } = useTranslation("reports");
  return (
    <Select
      aria-label={t("chart_metric")}
      className="w-56 max-w-full"
      value={value}
      options={metrics.map((each) => ({
        value: each.name,
        label: metricText(each.label, language),
      }))}
      onChange={onChange}
    />
  );
}

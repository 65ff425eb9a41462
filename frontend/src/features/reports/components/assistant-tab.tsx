import { BarList } from "@/shared/charts/bar-list";
import { ChartCard } from "@/shared/charts/chart-card";
import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricName } from "@/shared/metrics/metric-name";
import { formatMetric, metricText } from "@/shared/metrics/metric-value";
import type { Metric, ReportRow } from "@/shared/metrics/report-queries";
import { ASSISTANT_METRICS, ASSISTANT_OUTCOMES } from "../model/report-tabs";
import { useReport } from "../model/use-report";
import { requestOf } from "./grouped-tab";
import { MetricCards } from "./metric-cards";
import { MetricOverTime } from "./metric-over-time";
import { ReportBody } from "./report-states";
import type { TabProps } from "./tab-content";
import { useBehind } from "./use-behind";

const OUTCOMES: readonly string[] = ASSISTANT_OUTCOMES;

/** What the assistant solves, how it lasts, and what it costs. */
export function AssistantTab(props: TabProps) {
  const { view, base, onChange } = props;
  const { t } = useTranslation("reports");
  const state = useReport({
    metrics: [...ASSISTANT_METRICS, ...ASSISTANT_OUTCOMES],
    groupBy: "none",
    ...requestOf(base),
  });
  const { open, sheet } = useBehind(base);
  return (
    <>
      <ReportBody state={state} view={view} onChange={onChange} emptyIfNone="turns">
        {({ report, metrics }) => (
          <>
            <MetricCards
              label={t("tabs.ia")}
              metrics={metrics.filter((each) => !OUTCOMES.includes(each.name))}
              row={report.rows[0]}
              onOpen={open}
            />
            <Outcomes
              metrics={metrics.filter((each) => OUTCOMES.includes(each.name))}
              row={report.rows[0]}
              onOpen={open}
            />
            <MetricOverTime
              {...props}
              name="solved_by_assistant"
              downloaded={[...ASSISTANT_METRICS, ...ASSISTANT_OUTCOMES]}
            />
          </>
        )}
      </ReportBody>
      {sheet}
    </>
  );
}

interface OutcomesProps {
  metrics: readonly Metric[];
  row: ReportRow | undefined;
  onOpen: (metric: Metric) => void;
}

function Outcomes({ metrics, row, onOpen }: OutcomesProps) {
  const { t, language } = useTranslation("reports");
  return (
    <ChartCard
      title={t("outcomes.title")}
      chart={
        <div className="flex flex-col gap-3">
          <BarList
            label={t("outcomes.title")}
            bars={metrics.map((metric) => ({
              key: metric.name,
              label: metricText(metric.label, language),
              value: row?.values[metric.name] ?? null,
            }))}
            format={(value) => formatMetric(value, "count", language)}
            onChoose={(name) => {
              const metric = metrics.find((each) => each.name === name);
              if (metric && row?.values[name]) onOpen(metric);
            }}
          />
          <p className="flex flex-wrap gap-x-4 text-meta text-text-2">
            {metrics.map((metric) => (
              <MetricName key={metric.name} metric={metric} />
            ))}
          </p>
        </div>
      }
    />
  );
}

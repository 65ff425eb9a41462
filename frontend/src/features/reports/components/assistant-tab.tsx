import { BarList } from "@/shared/charts/bar-list";
import { ChartCard } from "@/shared/charts/chart-card";
import { useTranslation } from "@/shared/i18n/use-translation";
import { MetricName } from "@/shared/metrics/metric-name";
import { formatMetric, metricText } from "@/shared/metrics/metric-value";
import type { Metric, ReportRow } from "@/shared/metrics/report-queries";
import { ASSISTANT_METRICS, ASSISTANT_OUTCOMES, SERVED_BY_METRICS } from "../model/report-tabs";
import { rowName } from "../model/row-names";
import { useReport } from "../model/use-report";
import { DownloadMenu } from "./download-menu";
import { requestOf } from "./grouped-tab";
import { MetricCards } from "./metric-cards";
import { MetricOverTime } from "./metric-over-time";
import { ReportBody } from "./report-states";
import { ReportTable } from "./report-table";
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
            <AgainstPeople {...props} />
          </>
        )}
      </ReportBody>
      {sheet}
    </>
  );
}

/** Conversations that the AI had alone, beside those that people had. */
function AgainstPeople({ view, base, onChange }: TabProps) {
  const { t, language } = useTranslation("reports");
  const request = {
    metrics: SERVED_BY_METRICS,
    groupBy: "served_by",
    ...requestOf(base),
  } as const;
  const state = useReport(request);
  const { open, sheet } = useBehind(base);
  return (
    <ReportBody state={state} view={view} onChange={onChange}>
      {({ report, metrics }) => {
        const nameOf = (row: Pick<ReportRow, "key" | "name">) =>
          rowName("served_by", row, report.timezone, t, language).name;
        return (
          <>
            <ChartCard
              title={t("against.title")}
              actions={<DownloadMenu request={request} tab={view.tab} />}
              chart={
                <ReportTable
                  caption={t("against.title")}
                  heading={t("headings.served_by")}
                  rows={report.rows}
                  metrics={metrics}
                  nameOf={nameOf}
                  onOpen={(metric, row) =>
                    open(metric, { groupBy: "served_by", key: row.key, name: nameOf(row) })
                  }
                />
              }
            />
            {sheet}
          </>
        );
      }}
    </ReportBody>
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

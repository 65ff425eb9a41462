import { ChartCard } from "@/shared/charts/chart-card";
import { ShareBar } from "@/shared/charts/share-bar";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Metric, ReportRow } from "@/shared/metrics/report-queries";
import { OVERVIEW_METRICS, OVERVIEW_SHARES } from "../model/report-tabs";
import { useReport } from "../model/use-report";
import { requestOf } from "./grouped-tab";
import { MetricCards } from "./metric-cards";
import { MetricOverTime } from "./metric-over-time";
import { ReportBody } from "./report-states";
import type { TabProps } from "./tab-content";
import { useBehind } from "./use-behind";

const SHOWN: readonly string[] = OVERVIEW_METRICS;

/** The period at a glance. */
export function OverviewTab(props: TabProps) {
  const { view, base, onChange } = props;
  const { t } = useTranslation("reports");
  const state = useReport({
    metrics: [...OVERVIEW_METRICS, ...OVERVIEW_SHARES],
    groupBy: "none",
    ...requestOf(base),
  });
  const { open, sheet } = useBehind(base);
  return (
    <>
      <ReportBody state={state} view={view} onChange={onChange} emptyIfNone="conversations">
        {({ report, metrics }) => (
          <>
            <MetricCards
              label={t("tabs.geral")}
              metrics={metrics.filter((each) => SHOWN.includes(each.name))}
              row={report.rows[0]}
              onOpen={open}
            />
            <WhoHadThem row={report.rows[0]} metrics={metrics} onOpen={open} />
            <MetricOverTime {...props} name="conversations" downloaded={OVERVIEW_METRICS} />
          </>
        )}
      </ReportBody>
      {sheet}
    </>
  );
}

interface WhoHadThemProps {
  row: ReportRow | undefined;
  metrics: readonly Metric[];
  onOpen: (metric: Metric) => void;
}

/** Solved by the assistant, with people, or still with the assistant: every conversation once. */
function WhoHadThem({ row, metrics, onOpen }: WhoHadThemProps) {
  const { t } = useTranslation("reports");
  const format = useFormat();
  const value = (name: string) => row?.values[name] ?? 0;
  const opener = (name: string) => {
    const metric = metrics.find((each) => each.name === name);
    return metric && value(name) > 0 ? () => onOpen(metric) : undefined;
  };
  const [solved, people] = [value("solved_by_assistant"), value("with_people")];
  const parts = [
    {
      key: "assistant",
      label: t("shares.assistant"),
      value: solved,
      onChoose: opener("solved_by_assistant"),
    },
    { key: "people", label: t("shares.people"), value: people, onChoose: opener("with_people") },
    {
      key: "open",
      label: t("shares.open"),
      value: Math.max(0, value("conversations") - solved - people),
    },
  ];
  const summary = parts.map((each) => `${each.label}: ${format.number(each.value)}`).join("; ");
  return (
    <ChartCard
      title={t("shares.title")}
      chart={<ShareBar summary={summary} parts={parts} format={format.number} />}
    />
  );
}

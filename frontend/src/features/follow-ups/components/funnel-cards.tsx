import { BarList } from "@/shared/charts/bar-list";
import { ChartCard } from "@/shared/charts/chart-card";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Behind, FollowUpReport, FunnelStep } from "../queries";

const STEPS: readonly FunnelStep[] = [
  "interested",
  "quiet",
  "written_to",
  "recovered",
  "lost",
  "stopped",
  "open",
];

interface FunnelCardsProps {
  report: FollowUpReport;
  onOpen: (behind: Behind) => void;
}

/** How far customers came, and why others were stopped. Each bar opens its conversations. */
export function FunnelCards({ report, onOpen }: FunnelCardsProps) {
  const { t } = useTranslation("follow-ups");
  const format = useFormat();
  const number = (value: number | null) => format.number(value ?? 0);
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
      <ChartCard
        title={t("funnel")}
        chart={
          <BarList
            label={t("funnel")}
            max={report.funnel.interested}
            bars={STEPS.map((step) => ({
              key: step,
              label: t(`steps.${step}`),
              value: report.funnel[step],
            }))}
            format={number}
            onChoose={(key) => onOpen({ step: key as FunnelStep })}
          />
        }
      />
      {report.stopped.length > 0 && (
        <ChartCard
          title={t("stopped")}
          chart={
            <BarList
              label={t("stopped")}
              bars={report.stopped.map(({ reason, count }) => ({
                key: reason,
                label: t(`reasons.${reason}`),
                value: count,
              }))}
              format={number}
              onChoose={(key) =>
                onOpen({ step: "stopped", reason: key as NonNullable<Behind["reason"]> })
              }
            />
          }
        />
      )}
    </div>
  );
}

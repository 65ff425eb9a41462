import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { FollowUpReport } from "../queries";
import { usePercent } from "./use-percent";

/** The customers won back, their share, and what their plans are worth. */
export function RecoveredFigures({ report }: { report: FollowUpReport }) {
  const { t } = useTranslation("follow-ups");
  const format = useFormat();
  const percent = usePercent();
  const { written_to, recovered } = report.funnel;
  const unknown = report.recovered_without_value;
  const figures = [
    { name: "recovered", value: format.number(recovered), hint: t("figures.recovered_hint") },
    {
      name: "rate",
      value: percent(written_to > 0 ? recovered / written_to : null),
      hint: t("figures.rate_hint"),
    },
    {
      name: "value",
      value: format.money(report.recovered_value),
      hint: unknown > 0 ? t("figures.value_unknown", { count: unknown }) : t("figures.value_hint"),
    },
  ];
  return (
    <dl className="grid grid-cols-1 gap-4 min-[340px]:grid-cols-2 lg:grid-cols-3">
      {figures.map(({ name, value, hint }) => (
        <div
          key={name}
          data-figure={name}
          className="flex flex-col gap-1 rounded-bubble border border-divider bg-page p-4"
        >
          <dt className="text-list text-text-2">{t(`figures.${name}`)}</dt>
          <dd className="font-semibold text-figure tabular-nums">{value}</dd>
          <dd className="text-meta text-text-3">{hint}</dd>
        </div>
      ))}
    </dl>
  );
}

import { ChartCard } from "@/shared/charts/chart-card";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { FollowUpReport } from "../queries";
import { usePercent } from "./use-percent";

/** The texts of each attempt beside one another. */
export function TextList({ report }: { report: FollowUpReport }) {
  const { t } = useTranslation("follow-ups");
  const format = useFormat();
  const percent = usePercent();
  if (report.texts.length === 0) return null;
  return (
    <ChartCard
      title={t("texts.title")}
      chart={
        <ul className="divide-y divide-divider">
          {report.texts.map((row) => (
            <li key={`${row.number} ${row.text}`} className="flex flex-col gap-1 py-3">
              <p className="flex flex-wrap gap-x-3 text-meta text-text-2 tabular-nums">
                <span className="font-medium">{t("attempts.name", { number: row.number })}</span>
                <span>{t("texts.sent", { count: row.sent })}</span>
                <span>{t("texts.recovered", { count: row.recovered })}</span>
                <span>{percent(row.rate)}</span>
                <span>{format.money(row.value)}</span>
              </p>
              <p className="whitespace-pre-line break-words text-list">{row.text}</p>
            </li>
          ))}
        </ul>
      }
    />
  );
}

import { ChartCard } from "@/shared/charts/chart-card";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Behind, FollowUpReport } from "../queries";
import { usePercent } from "./use-percent";

interface AttemptTableProps {
  report: FollowUpReport;
  onOpen: (behind: Behind) => void;
}

const COLUMNS = ["sent", "unsent", "recovered", "rate"] as const;

/** Whether one more message is worth it. */
export function AttemptTable({ report, onOpen }: AttemptTableProps) {
  const { t } = useTranslation("follow-ups");
  const format = useFormat();
  const percent = usePercent();
  if (report.attempts.length === 0) return null;
  return (
    <ChartCard
      title={t("attempts.title")}
      chart={
        <div className="overflow-x-auto">
          <table className="w-full text-list tabular-nums">
            <caption className="sr-only">{t("attempts.title")}</caption>
            <thead>
              <tr className="border-divider border-b text-meta text-text-2">
                <th scope="col" className="py-2 text-left font-medium">
                  {t("attempts.number")}
                </th>
                {COLUMNS.map((name) => (
                  <th key={name} scope="col" className="py-2 pl-3 text-right font-medium">
                    {t(`attempts.${name}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {report.attempts.map((row) => (
                <tr key={row.number} className="h-9 border-divider border-b last:border-0">
                  <th scope="row" className="text-left font-medium">
                    <button
                      type="button"
                      className="text-accent-text hover:underline"
                      onClick={() => onOpen({ step: "written_to", attempt: row.number })}
                    >
                      {t("attempts.name", { number: row.number })}
                    </button>
                  </th>
                  <td className="pl-3 text-right">{format.number(row.sent)}</td>
                  <td className="pl-3 text-right">{format.number(row.unsent)}</td>
                  <td className="pl-3 text-right">{format.number(row.recovered)}</td>
                  <td className="pl-3 text-right">{percent(row.rate)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      }
    />
  );
}

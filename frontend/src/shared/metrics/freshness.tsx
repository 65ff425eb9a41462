import { dateFormatter } from "../format/intl";
import { useTranslation } from "../i18n/use-translation";
import { cn } from "../ui/class-names";
import { formatSpan } from "./metric-value";

/** Seconds of lag from which people should know that figures are old. */
export const LATE_S = 30;

interface FreshnessProps {
  asOf: string;
  lagS: number;
  timezone: string;
  className?: string;
}

/** Up to when the figures are complete: "Dados até 14:02:05, 1 s de atraso". */
export function Freshness({ asOf, lagS, timezone, className }: FreshnessProps) {
  const { t, language } = useTranslation("metrics");
  const time = dateFormatter(language, { timeStyle: "medium", timeZone: timezone }).format(
    new Date(asOf),
  );
  const lag = formatSpan(Math.round(lagS), language);
  return (
    <p
      className={cn(
        "text-meta tabular-nums",
        lagS >= LATE_S ? "font-medium text-warn" : "text-text-3",
        className,
      )}
    >
      {t(lagS < 1 ? "fresh" : "lag", { time, lag })}
    </p>
  );
}

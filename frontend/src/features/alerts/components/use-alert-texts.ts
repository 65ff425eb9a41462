import type { AlertKind } from "@/shared/alerts/queries";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { formatSpan } from "@/shared/metrics/metric-value";
import { ALERT_KINDS } from "../model/alert-kinds";

/** Values and limits in words. */
export function useAlertTexts() {
  const { t, language } = useTranslation("alerts");
  const format = useFormat();
  const value = (kind: AlertKind, number: number) =>
    t(`values.${kind}`, { value: format.number(Math.round(number * 100) / 100) });
  return {
    value,
    /** "a partir de 10 na fila" */
    limit: (kind: AlertKind, threshold: number) =>
      t(ALERT_KINDS[kind].isBelow ? "limit.below" : "limit.above", {
        kind: t(`kinds.${kind}`),
        value: value(kind, threshold),
      }),
    minutes: (minutes: number) => formatSpan(minutes * 60, language),
  };
}

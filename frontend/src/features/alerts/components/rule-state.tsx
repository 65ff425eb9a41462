import { BellRing, CircleCheck, CircleDashed, CirclePause } from "lucide-react";
import type { AlertRule } from "@/shared/alerts/queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Chip } from "@/shared/ui/display/chip";
import { useAlertTexts } from "./use-alert-texts";

/** How the rule is now, with the last measured value. */
export function RuleState({ rule }: { rule: AlertRule }) {
  const { t } = useTranslation("alerts");
  const texts = useAlertTexts();
  if (!rule.active) return <Chip icon={<CirclePause aria-hidden />}>{t("state.inactive")}</Chip>;
  if (rule.value === null) {
    const text = rule.evaluated_at === null ? t("state.new") : t("state.unknown");
    return <Chip icon={<CircleDashed aria-hidden />}>{text}</Chip>;
  }
  const value = texts.value(rule.kind, rule.value);
  return rule.alert_id === null ? (
    <Chip tone="ok" icon={<CircleCheck aria-hidden />}>
      {t("state.fine", { value })}
    </Chip>
  ) : (
    <Chip tone="danger" icon={<BellRing aria-hidden />}>
      {t("state.alert", { value })}
    </Chip>
  );
}

import { Alerts } from "@/features/alerts";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";

export function AlertsPage() {
  const { t } = useTranslation("app");
  return (
    <PageFrame title={t("titles.alerts")}>
      <Alerts />
    </PageFrame>
  );
}

import { SlaPolicies } from "@/features/sla";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";

export function SlaPage() {
  const { t } = useTranslation("app");
  return (
    <PageFrame title={t("titles.sla")}>
      <SlaPolicies />
    </PageFrame>
  );
}

import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Reports } from "@/features/reports";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";

const route = getRouteApi("/signed-in/relatorios");

export function ReportsPage() {
  const { t } = useTranslation("app");
  const search = route.useSearch();
  const navigate = useNavigate();
  return (
    <PageFrame title={t("titles.reports")}>
      <Reports
        search={search}
        onSearchChange={(next) => void navigate({ to: "/relatorios", search: next, replace: true })}
      />
    </PageFrame>
  );
}

import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Dashboard } from "@/features/dashboard";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";

const route = getRouteApi("/signed-in/painel");

export function DashboardPage() {
  const { t } = useTranslation("app");
  const { wall } = route.useSearch();
  const navigate = useNavigate();
  return (
    <PageFrame title={t("titles.dashboard")}>
      <Dashboard
        isWall={wall === 1}
        onWallChange={(on) => void navigate({ to: "/painel", search: on ? { wall: 1 } : {} })}
      />
    </PageFrame>
  );
}

import { FollowUps } from "@/features/follow-ups";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";

export function FollowUpsPage() {
  const { t } = useTranslation("app");
  return (
    <PageFrame title={t("titles.follow_ups")}>
      <FollowUps />
    </PageFrame>
  );
}

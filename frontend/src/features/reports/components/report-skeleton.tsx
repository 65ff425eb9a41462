import { useTranslation } from "@/shared/i18n/use-translation";
import { Skeleton } from "@/shared/ui/feedback/skeleton";

export function ReportSkeleton() {
  const { t } = useTranslation("reports");
  return (
    <div
      role="status"
      aria-busy="true"
      aria-label={t("shared:ui.loading")}
      className="flex flex-col gap-4"
    >
      <Skeleton className="h-[292px] rounded-bubble" />
      <Skeleton className="h-96 rounded-bubble" />
    </div>
  );
}

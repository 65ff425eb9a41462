import { useTranslation } from "@/shared/i18n/use-translation";
import { Skeleton } from "@/shared/ui/feedback/skeleton";

/** Places of the height of what comes. */
export function BoardSkeleton() {
  const { t } = useTranslation("dashboard");
  return (
    <div
      role="status"
      aria-busy="true"
      aria-label={t("shared:ui.loading")}
      className="flex flex-col gap-4"
    >
      <div className="grid grid-cols-1 gap-4 min-[340px]:grid-cols-2 xl:grid-cols-4">
        {["waiting", "assistant", "agents", "snoozed"].map((name) => (
          <Skeleton key={name} className="h-[110px] rounded-bubble" />
        ))}
      </div>
      <Skeleton className="h-[76px] rounded-bubble" />
      <Skeleton className="h-32 rounded-bubble" />
      <Skeleton className="h-64 rounded-bubble" />
    </div>
  );
}

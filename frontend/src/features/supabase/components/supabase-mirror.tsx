import { useQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { mirrorSettingsQuery } from "../model/queries";
import { MirrorStatusPanel } from "./mirror-status-panel";
import { ProjectPanel } from "./project-panel";

/** Where the provider is mirrored to, and how that goes. */
export function SupabaseMirror() {
  const { t } = useTranslation("supabase");
  const mayRead = may(useCurrentUser(), "settings:read");
  if (mayRead) return <MirrorBoard />;
  return (
    <EmptyState icon={<Lock />} title={t("forbidden.title")} className="flex-1">
      {t("forbidden.text")}
    </EmptyState>
  );
}

function MirrorBoard() {
  const { t } = useTranslation("supabase");
  const mayWrite = may(useCurrentUser(), "settings:write");
  const { data, error, refetch } = useQuery(mirrorSettingsQuery);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-panel">
      <div className="mx-auto flex w-full max-w-[820px] flex-col gap-4 p-4 md:p-6">
        <header>
          <p aria-hidden className="font-semibold text-heading">
            {t("title")}
          </p>
          <p className="max-w-[640px] text-list text-text-2">{t("intro")}</p>
        </header>
        {error && !data && (
          <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
        )}
        {!data && !error && <SkeletonRows count={4} height={56} label={t("loading")} />}
        {data && (
          <>
            <MirrorStatusPanel mayWrite={mayWrite} />
            <ProjectPanel settings={data} mayWrite={mayWrite} />
          </>
        )}
      </div>
    </div>
  );
}

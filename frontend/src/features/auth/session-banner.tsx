import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { refreshSession } from "@/shared/api/client";
import { currentUserQuery } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { toast } from "@/shared/ui/feedback/toaster";
import { useSessionEnd } from "./session-end";

function minutesAndSeconds(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Shown when the session is about to end because nobody has used it. */
export function SessionBanner() {
  const { t } = useTranslation("auth");
  const queryClient = useQueryClient();
  const { data: user } = useQuery(currentUserQuery);
  const remainingMs = useSessionEnd(user);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (remainingMs === 0) void queryClient.invalidateQueries(currentUserQuery);
  }, [remainingMs, queryClient]);
  if (remainingMs === null) return null;
  const stay = async () => {
    setBusy(true);
    const outcome = await refreshSession().catch(() => "unavailable");
    setBusy(false);
    if (outcome === "refreshed") await queryClient.invalidateQueries(currentUserQuery);
    if (outcome === "unavailable") toast.error(t("expiry.failed"));
  };
  return (
    <Banner
      tone="warn"
      actions={
        <Button size="small" disabled={isBusy} onClick={stay}>
          {t("expiry.stay")}
        </Button>
      }
    >
      <span role="alert" className="sr-only">
        {t("expiry.announced")}
      </span>
      <span aria-hidden className="tabular-nums">
        {t("expiry.soon", { time: minutesAndSeconds(remainingMs) })}
      </span>
    </Banner>
  );
}

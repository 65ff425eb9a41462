import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Monitor, Smartphone } from "lucide-react";
import { api, unwrap } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import type { components } from "@/shared/api/schema.gen";
import { signOut } from "@/shared/api/sign-out";
import { describeDevice } from "@/shared/format/device";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Chip } from "@/shared/ui/display/chip";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";

type Session = components["schemas"]["SessionResponse"];

const sessionsQuery = queryOptions({
  queryKey: ["auth", "sessions"],
  queryFn: () => unwrap(api.GET("/auth/sessions")),
});

/** Where the user is signed in. */
export function SessionsSection({ onSignedOut }: { onSignedOut: () => void }) {
  const { t } = useTranslation("profile");
  const sessions = useQuery(sessionsQuery);
  const everywhere = useMutation({
    mutationFn: () => signOut(true),
    onSuccess: onSignedOut,
    onError: (error) => toast.error(t("sessions.failed"), { description: describeError(error, t) }),
  });
  if (sessions.isError) {
    return <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />;
  }
  return (
    <>
      <ul className="divide-y divide-divider rounded-control border border-divider">
        {sessions.data?.map((session) => (
          <SessionRow key={session.id} session={session} />
        ))}
      </ul>
      <div>
        <ConfirmDialog
          danger
          title={t("sessions.everywhere")}
          description={t("sessions.everywhere_text")}
          confirmLabel={t("sessions.everywhere_confirm")}
          onConfirm={() => everywhere.mutate()}
          busy={everywhere.isPending}
          trigger={<Button>{t("sessions.everywhere")}</Button>}
        />
      </div>
    </>
  );
}

function SessionRow({ session }: { session: Session }) {
  const { t } = useTranslation("profile");
  const format = useFormat();
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      api.DELETE("/auth/sessions/{session_id}", { params: { path: { session_id: session.id } } }),
    onSettled: () => queryClient.invalidateQueries(sessionsQuery),
    onError: (error) => toast.error(t("sessions.failed"), { description: describeError(error, t) }),
  });
  const device = describeDevice(session.agent);
  const Icon = device.isPhone ? Smartphone : Monitor;
  return (
    <li className="flex items-center gap-3 px-3 py-2">
      <Icon aria-hidden className="size-5 shrink-0 text-text-3" />
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-2 text-list">
          <span className="truncate">{device.name ?? t("sessions.unknown")}</span>
          {session.current && <Chip tone="accent">{t("sessions.current")}</Chip>}
        </p>
        <p className="truncate text-meta text-text-3">
          {t("sessions.seen", { address: session.address, time: format.dateTime(session.seen_at) })}
        </p>
      </div>
      {!session.current && (
        <Button
          size="small"
          aria-label={t("sessions.revoke_named", { name: device.name ?? t("sessions.unknown") })}
          disabled={revoke.isPending}
          onClick={() => revoke.mutate()}
        >
          {t("sessions.revoke")}
        </Button>
      )}
    </li>
  );
}

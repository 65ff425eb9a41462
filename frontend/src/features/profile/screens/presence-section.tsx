import { describeError } from "@/shared/api/describe-error";
import {
  type PresenceState,
  useOwnPresence,
  usePauseReasons,
  useSetPresence,
} from "@/shared/api/presence";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { Choice } from "./choice";

const NO_REASON = "none";

/** Whether the queue gives conversations to the user, and why not. */
export function PresenceSection() {
  const { t } = useTranslation("profile");
  const presence = useOwnPresence();
  const reasons = usePauseReasons();
  const { mutate } = useSetPresence();
  const state = presence?.state ?? "offline";
  const set = (next: PresenceState, reason: string | null = null) =>
    mutate(
      { state: next, reason },
      { onError: (error) => toast.error(t("not_saved"), { description: describeError(error, t) }) },
    );
  const names = Object.fromEntries(reasons.map((each) => [each.code, each.name]));
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Choice
        label={t("presence.state")}
        hint={t(`presence.hint_${state}`)}
        value={state}
        options={{
          online: t("shared:presence.online"),
          away: t("shared:presence.away"),
          offline: t("shared:presence.offline"),
        }}
        onChange={(next) => set(next, next === "away" ? (reasons[0]?.code ?? null) : null)}
      />
      {state === "away" && (
        <Choice
          label={t("presence.reason")}
          value={presence?.reason ?? NO_REASON}
          options={presence?.reason ? names : { [NO_REASON]: t("presence.no_reason"), ...names }}
          onChange={(reason) => set("away", reason === NO_REASON ? null : reason)}
        />
      )}
    </div>
  );
}

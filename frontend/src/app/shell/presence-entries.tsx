import { describeError } from "@/shared/api/describe-error";
import {
  type PresenceState,
  useOwnPresence,
  usePauseReasons,
  useSetPresence,
} from "@/shared/api/presence";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PresenceDot } from "@/shared/ui/display/presence-dot";
import { toast } from "@/shared/ui/feedback/toaster";
import type { MenuEntry } from "@/shared/ui/overlay/menu";

/** The presence of the user in words: "Em pausa: Almoço". */
export function usePresenceText(): { state: PresenceState; text: string } {
  const { t } = useTranslation("app");
  const presence = useOwnPresence();
  const reasons = usePauseReasons();
  const state = presence?.state ?? "offline";
  const reason = reasons.find((each) => each.code === presence?.reason)?.name;
  const name = t(`presence.${state}`);
  return { state, text: state === "away" && reason ? `${name}: ${reason}` : name };
}

/** Entries of a menu that change the presence: available, a pause for each reason, away. */
export function usePresenceEntries(): readonly MenuEntry[] {
  const { t } = useTranslation("app");
  const presence = useOwnPresence();
  const reasons = usePauseReasons();
  const { mutate } = useSetPresence();
  const set = (state: PresenceState, reason: string | null = null) =>
    mutate(
      { state, reason },
      {
        onError: (error) =>
          toast.error(t("presence.failed"), { description: describeError(error, t) }),
      },
    );
  const isNow = (state: PresenceState, reason: string | null = null) =>
    presence?.state === state && (presence.reason ?? null) === reason;
  const entry = (state: PresenceState, label: string, reason: string | null = null): MenuEntry => ({
    id: `${state}-${reason}`,
    label,
    icon: <PresenceDot state={state} className="mx-[3px]" />,
    checked: isNow(state, reason),
    onSelect: () => set(state, reason),
  });
  return [
    entry("online", t("presence.online")),
    { type: "heading", id: "pause", label: t("presence.pause") },
    ...(reasons.length > 0
      ? reasons.map((reason) => entry("away", reason.name, reason.code))
      : [entry("away", t("presence.away"))]),
    { type: "line", id: "line" },
    entry("offline", t("presence.offline")),
  ];
}

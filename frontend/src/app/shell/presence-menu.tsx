import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PresenceDot } from "@/shared/ui/display/presence-dot";
import { IconButton } from "@/shared/ui/icon-button";
import { DropdownMenu } from "@/shared/ui/overlay/menu";
import { usePresenceEntries, usePresenceText } from "./presence-entries";

/** The presence of the user, for those who may take conversations from a queue. */
export function PresenceMenu() {
  const { t } = useTranslation("app");
  const user = useCurrentUser();
  const { state, text } = usePresenceText();
  const entries = usePresenceEntries();
  if (!may(user, "presence:write")) return null;
  return (
    <DropdownMenu
      side="right"
      align="end"
      entries={entries}
      trigger={
        <IconButton label={t("presence.title", { state: text })} side="right" size="medium">
          <PresenceDot state={state} className="size-3 ring-0" />
        </IconButton>
      }
    />
  );
}

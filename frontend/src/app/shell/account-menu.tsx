import { useNavigate } from "@tanstack/react-router";
import { Keyboard, LogOut, SquareTerminal, UserRound } from "lucide-react";
import { may, useCurrentUser } from "@/shared/api/session";
import { runCommand } from "@/shared/commands/registry";
import { SHORTCUTS } from "@/shared/commands/shortcuts";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Avatar } from "@/shared/ui/display/avatar";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { usePresenceEntries, usePresenceText } from "./presence-entries";
import { REPORT_SECTIONS } from "./sections";
import { useSignOut } from "./use-sign-out";

interface AccountMenuProps {
  side: "right" | "top";
  /** On a phone this menu also changes the presence and leads to what the bar has no room for. */
  isPhone?: boolean;
}

export function AccountMenu({ side, isPhone = false }: AccountMenuProps) {
  const { t } = useTranslation("app");
  const user = useCurrentUser();
  const navigate = useNavigate();
  const presence = usePresenceEntries();
  const { state, text } = usePresenceText();
  const signOut = useSignOut();
  const hasPresence = isPhone && may(user, "presence:write");
  const places: MenuEntry[] = (isPhone ? REPORT_SECTIONS : []).flatMap((section) => {
    const { name, to, permission, icon: Icon } = section;
    if (!to || (permission && !may(user, permission))) return [];
    return {
      id: name,
      label: t(`sections.${name}`),
      icon: <Icon />,
      onSelect: () => navigate({ to }),
    };
  });
  const entries: MenuEntry[] = [
    { type: "heading", id: "name", label: [user.name, user.tenant].filter(Boolean).join(" · ") },
    ...(hasPresence
      ? ([{ type: "submenu", id: "presence", label: text, entries: presence }] as const)
      : []),
    ...places,
    {
      id: "profile",
      label: t("shell.profile"),
      icon: <UserRound />,
      onSelect: () => navigate({ to: "/perfil" }),
    },
    {
      id: "commands",
      label: t("shell.commands"),
      icon: <SquareTerminal />,
      shortcut: SHORTCUTS["commands.open"],
      onSelect: () => runCommand("commands.open"),
    },
    {
      id: "shortcuts",
      label: t("shell.shortcuts"),
      icon: <Keyboard />,
      shortcut: SHORTCUTS["help.shortcuts"],
      onSelect: () => runCommand("help.shortcuts"),
    },
    { type: "line", id: "line" },
    { id: "sign-out", label: t("shell.sign_out"), icon: <LogOut />, onSelect: signOut },
  ];
  return (
    <DropdownMenu
      side={side}
      align="end"
      entries={entries}
      trigger={
        <button
          type="button"
          aria-label={`${t("shell.account")}: ${user.name}`}
          className="flex size-10 items-center justify-center rounded-full hover:bg-hover"
        >
          <Avatar
            name={user.name}
            seed={user.id}
            photo={user.photo_url}
            presence={hasPresence ? state : undefined}
          />
        </button>
      }
    />
  );
}

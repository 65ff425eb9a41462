import { useNavigate } from "@tanstack/react-router";
import {
  BarChart3,
  Coffee,
  ContactRound,
  Gauge,
  Inbox,
  Keyboard,
  Languages,
  Moon,
  Search,
  SquareKanban,
  UserRound,
  Zap,
} from "lucide-react";
import { useMemo } from "react";
import { useUpdatePreferences } from "@/shared/api/preferences";
import { usePauseReasons, useSetPresence } from "@/shared/api/presence";
import { may, useCurrentUser } from "@/shared/api/session";
import { type Command, runCommand, useCommands } from "@/shared/commands/registry";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PresenceDot } from "@/shared/ui/display/presence-dot";
import { toast } from "@/shared/ui/feedback/toaster";
import { THEMES } from "@/shared/ui/theme";

/** Registers what can be done everywhere: going to a page, presence, theme and language. */
export function useGeneralCommands(): void {
  useNavigationCommands();
  useAppearanceCommands();
  usePresenceCommands();
}

function useNavigationCommands(): void {
  const { t } = useTranslation("commands");
  const navigate = useNavigate();
  const user = useCurrentUser();
  const mayReply = may(user, "conversations:reply");
  const mayReport = may(user, "reports:read");
  const commands = useMemo<Command[]>(() => {
    const place = (id: string, icon: Command["icon"], run: () => unknown): Command => ({
      id,
      icon,
      title: t(`go.${id.slice(3)}`),
      group: "go",
      run,
    });
    const search = () => navigate({ to: "/busca" });
    return [
      place("go.inbox", <Inbox />, () => navigate({ to: "/atendimentos" })),
      place("go.board", <SquareKanban />, () => navigate({ to: "/quadro" })),
      place("go.contacts", <ContactRound />, () => navigate({ to: "/contatos" })),
      { ...place("go.search", <Search />, search), id: "search.open" },
      ...(mayReport
        ? [
            place("go.dashboard", <Gauge />, () => navigate({ to: "/painel" })),
            place("go.reports", <BarChart3 />, () => navigate({ to: "/relatorios" })),
          ]
        : []),
      place("go.profile", <UserRound />, () => navigate({ to: "/perfil" })),
      ...(mayReply
        ? [place("go.canned", <Zap />, () => navigate({ to: "/perfil/respostas" }))]
        : []),
      place("go.shortcuts", <Keyboard />, () => runCommand("help.shortcuts")),
    ];
  }, [t, navigate, mayReply, mayReport]);
  useCommands(commands);
}

function useAppearanceCommands(): void {
  const { t, language } = useTranslation("commands");
  const { mutate } = useUpdatePreferences();
  const commands = useMemo<Command[]>(() => {
    const other = language === "en" ? "pt-BR" : "en";
    return [
      ...THEMES.map<Command>((theme) => ({
        id: `theme.${theme}`,
        title: t(`theme.${theme}`),
        group: "appearance",
        icon: <Moon />,
        run: () => mutate((current) => ({ ...current, theme })),
      })),
      {
        id: "language",
        title: t("language"),
        group: "appearance",
        icon: <Languages />,
        keywords: ["language", "idioma", "english", "português"],
        run: () => mutate((current) => ({ ...current, language: other })),
      },
    ];
  }, [t, language, mutate]);
  useCommands(commands);
}

function usePresenceCommands(): void {
  const { t } = useTranslation("commands");
  const user = useCurrentUser();
  const reasons = usePauseReasons();
  const { mutate } = useSetPresence();
  const mayChange = may(user, "presence:write");
  const commands = useMemo<Command[]>(() => {
    if (!mayChange) return [];
    const failed = { onError: () => toast.error(t("presence.failed")) };
    const set = (
      state: "online" | "away" | "offline",
      title: string,
      reason?: string,
    ): Command => ({
      id: `presence.${state}.${reason ?? ""}`,
      title,
      group: "presence",
      icon: state === "away" ? <Coffee /> : <PresenceDot state={state} />,
      run: () => mutate({ state, reason: reason ?? null }, failed),
    });
    return [
      set("online", t("presence.online")),
      ...reasons.map((each) => set("away", t("presence.pause", each), each.code)),
      set("offline", t("presence.offline")),
    ];
  }, [t, mayChange, reasons, mutate]);
  useCommands(commands);
}

import { Lock, Paperclip, Reply } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { type Command, useCommands } from "@/shared/commands/registry";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ComposerDraft } from "@/shared/live";

type Mode = ComposerDraft["mode"];
const ICONS = { reply: <Reply />, note: <Lock /> };

interface ComposerCommands {
  modes: readonly Mode[];
  onMode: (mode: Mode) => void;
  onAttach: () => void;
}

/** Reply, note and attach by keyboard and command bar, while a composer is open. */
export function useComposerCommands(given: ComposerCommands): void {
  const { t } = useTranslation("composer");
  const latest = useRef(given);
  useEffect(() => {
    latest.current = given;
  });
  const modes = given.modes.join(" ");
  const commands = useMemo<Command[]>(() => {
    if (modes === "") return [];
    return [
      ...(modes.split(" ") as Mode[]).map<Command>((mode) => ({
        id: `composer.${mode}`,
        title: t(`modes.${mode}`),
        group: "conversation",
        icon: ICONS[mode],
        run: () => latest.current.onMode(mode),
      })),
      {
        id: "composer.attach",
        title: t("tools.attach"),
        group: "conversation",
        icon: <Paperclip />,
        run: () => latest.current.onAttach(),
      },
    ];
  }, [modes, t]);
  useCommands(commands);
}

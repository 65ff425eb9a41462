import { useDeferredValue, useMemo } from "react";
import { openActDialog, useConversationEntries, useShownConversation } from "@/shared/acts";
import { type Command, useCommands } from "@/shared/commands/registry";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useOpenConversationId } from "@/shared/navigation/open-conversation";
import { useSidePanel } from "@/shared/navigation/side-panel";
import type { MenuEntry } from "@/shared/ui/overlay/menu";

/** Offers what the menu of the open conversation offers. */
export function ConversationCommands() {
  const id = useOpenConversationId();
  const drawnId = useDeferredValue(id);
  // Never those of the conversation before: a quick key would end the wrong one.
  return id && drawnId === id ? <OpenConversationCommands key={id} id={id} /> : null;
}

/** The acts of a menu as commands; those of a submenu read "Prioridade: Alta". */
function commandsOf(entries: readonly MenuEntry[], path = "", prefix = ""): Command[] {
  return entries.flatMap((entry): Command[] => {
    if (entry.type === "heading" || entry.type === "line" || entry.disabled) return [];
    const id = `${path}${entry.id}`;
    const title = `${prefix}${entry.label}`;
    if (entry.type === "submenu") return commandsOf(entry.entries, `${id}.`, `${title}: `);
    return [
      {
        id: `conversation.${id}`,
        title,
        group: "conversation",
        icon: entry.icon,
        run: entry.onSelect,
      },
    ];
  });
}

function OpenConversationCommands({ id }: { id: string }) {
  const { t } = useTranslation("commands");
  const conversation = useShownConversation(id);
  const entriesOf = useConversationEntries();
  const { isOpen, setOpen } = useSidePanel();
  const entries = conversation ? entriesOf(conversation) : [];
  // The entries are made anew with each render; only another conversation or version changes them.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const commands = useMemo<Command[]>(() => {
    const acts = commandsOf(entries);
    const mayBeSnoozed = entries.some((entry) => entry.id === "snooze");
    if (conversation && mayBeSnoozed) {
      acts.push({
        id: "conversation.snooze",
        title: t("snooze_until"),
        group: "conversation",
        run: () => openActDialog("snooze", [conversation]),
      });
    }
    acts.push({
      id: "panel.toggle",
      title: isOpen ? t("hide_panel") : t("show_panel"),
      group: "conversation",
      run: () => setOpen(!isOpen),
    });
    return acts;
  }, [conversation, isOpen, t]);
  useCommands(commands);
  return null;
}

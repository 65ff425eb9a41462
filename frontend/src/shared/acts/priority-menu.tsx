import type { ReactElement } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { PRIORITIES, PriorityMark } from "@/shared/ui/display/priority-mark";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { useSetPriority } from "./hooks";

/** The entries of a menu that sets the priority of one or many conversations. */
export function usePriorityEntries(): (conversations: readonly Conversation[]) => MenuEntry[] {
  const { t } = useTranslation();
  const setPriority = useSetPriority();
  return (conversations) =>
    PRIORITIES.map((priority) => ({
      id: priority,
      label: t(`priority.${priority}`),
      icon: <PriorityMark priority={priority} />,
      checked: conversations.every((each) => each.priority === priority),
      onSelect: () => void setPriority.run(conversations, { priority }),
    }));
}

export interface PriorityMenuProps {
  conversations: readonly Conversation[];
  trigger: ReactElement;
}

export function PriorityMenu({ conversations, trigger }: PriorityMenuProps) {
  const entries = usePriorityEntries();
  return <DropdownMenu trigger={trigger} entries={entries(conversations)} />;
}

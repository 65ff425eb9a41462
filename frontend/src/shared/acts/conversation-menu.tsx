import type { TFunction } from "i18next";
import {
  ArrowRightLeft,
  Bot,
  CircleCheck,
  Copy,
  Flag,
  Hand,
  MoonStar,
  RotateCcw,
  Tags,
} from "lucide-react";
import { useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { toast } from "@/shared/ui/feedback/toaster";
import type { MenuEntry } from "@/shared/ui/overlay/menu";
import { openActDialog } from "./dialogs-store";
import {
  useAssign,
  useReopen,
  useResolve,
  useReturnToAssistant,
  useSetLabels,
  useSetPriority,
  useSnooze,
  useTransfer,
} from "./hooks";
import { usePriorityEntries } from "./priority-menu";
import { useSnoozeEntries } from "./snooze-menu";

async function copyProtocol(protocol: string, t: TFunction): Promise<void> {
  try {
    await navigator.clipboard.writeText(protocol);
    toast.done(t("acts.copied_protocol", { protocol }));
  } catch {
    toast.info(protocol); // the browser refuses the clipboard: show what to copy
  }
}

/** All acts with one conversation that the user may do, for context menus and "more" menus. */
export function useConversationEntries(): (conversation: Conversation) => MenuEntry[] {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const [assign, transfer, snooze, resolve] = [
    useAssign(),
    useTransfer(),
    useSnooze(),
    useResolve(),
  ];
  const [reopen, giveToAssistant] = [useReopen(), useReturnToAssistant()];
  const [priority, labels] = [useSetPriority(), useSetLabels()];
  const [priorityEntries, snoozeEntries] = [usePriorityEntries(), useSnoozeEntries()];

  return (conversation) => {
    const mine = conversation.agent === user.id && conversation.status === "open";
    const entries: (MenuEntry | false)[] = [
      assign.offered(conversation) &&
        !mine && {
          id: "assign",
          label: t("acts.assign.verb"),
          icon: <Hand />,
          onSelect: () => void assign.run(conversation, {}),
        },
      transfer.offered(conversation) && {
        id: "transfer",
        label: t("acts.transfer.menu"),
        icon: <ArrowRightLeft />,
        onSelect: () => openActDialog("transfer", [conversation]),
      },
      giveToAssistant.offered(conversation) && {
        id: "return",
        label: t("acts.return_to_assistant.verb"),
        icon: <Bot />,
        onSelect: () => void giveToAssistant.run(conversation, undefined),
      },
      snooze.offered(conversation) && {
        id: "snooze",
        type: "submenu",
        label: t("acts.snooze.verb"),
        icon: <MoonStar />,
        entries: snoozeEntries([conversation]),
      },
      priority.offered(conversation) && {
        id: "priority",
        type: "submenu",
        label: t("acts.priority.verb"),
        icon: <Flag />,
        entries: priorityEntries([conversation]),
      },
      labels.offered(conversation) && {
        id: "labels",
        label: t("acts.labels.menu"),
        icon: <Tags />,
        onSelect: () => openActDialog("labels", [conversation]),
      },
      resolve.offered(conversation) && {
        id: "resolve",
        label: t("acts.resolve.verb"),
        icon: <CircleCheck />,
        shortcut: "Alt+E",
        onSelect: () => void resolve.run(conversation, undefined),
      },
      reopen.offered(conversation) && {
        id: "reopen",
        label: t("acts.reopen.verb"),
        icon: <RotateCcw />,
        onSelect: () => void reopen.run(conversation, undefined),
      },
      {
        id: "copy",
        label: t("acts.copy_protocol"),
        icon: <Copy />,
        hint: conversation.protocol,
        onSelect: () => void copyProtocol(conversation.protocol, t),
      },
    ];
    return entries.filter((entry) => entry !== false);
  };
}

import { useState } from "react";
import { openActDialog, useAssign, useReturnToAssistant, useTransfer } from "@/shared/acts";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { COLUMNS, type Column } from "./columns";

export interface Moves {
  may(conversation: Conversation, to: Column): boolean;
  move(conversation: Conversation, to: Column): void;
  /** The columns that a conversation may go to. */
  targets(conversation: Conversation): Column[];
  /** What has happened, for screen readers. */
  announcement: string;
}

/** Moving between columns: to the assistant, back to the team's queue, or taken over. */
export function useMoves(): Moves {
  const { t } = useTranslation("board");
  const [assign, transfer] = [useAssign(), useTransfer()];
  const giveToAssistant = useReturnToAssistant();
  const [announcement, setAnnouncement] = useState("");
  const acts = { open: assign, waiting: transfer, pending: giveToAssistant };
  const may = (conversation: Conversation, to: Column) =>
    conversation.status !== to && acts[to].offered(conversation);

  const run = (conversation: Conversation, to: Column): Promise<boolean> | null => {
    if (to === "open") return assign.run(conversation, {});
    if (to === "pending") return giveToAssistant.run(conversation, undefined);
    if (conversation.team) return transfer.run(conversation, { team: conversation.team });
    openActDialog("transfer", [conversation]); // without a team somebody has to say which queue
    return null;
  };
  return {
    may,
    targets: (conversation) => COLUMNS.filter((column) => may(conversation, column)),
    announcement,
    move: (conversation, to) => {
      if (!may(conversation, to)) return;
      const name = conversation.contact ?? conversation.phone ?? "";
      void run(conversation, to)?.then(
        (isDone) =>
          isDone && setAnnouncement(t("moved", { name, column: t(`shared:status.${to}`) })),
      );
    },
  };
}

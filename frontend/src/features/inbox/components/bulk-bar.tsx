import { ArrowRightLeft, CircleCheck, Flag, Hand, MoonStar, Tags, X } from "lucide-react";
import { useEffect, useState } from "react";
import {
  openActDialog,
  PriorityMenu,
  SnoozeMenu,
  useAssign,
  useResolve,
  useSnooze,
  useTransfer,
} from "@/shared/acts";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { IconButton } from "@/shared/ui/icon-button";

export interface BulkBarProps {
  /** How many are chosen; `rows` may lack some that are not loaded yet. */
  count: number;
  rows: () => readonly Conversation[];
  onDone: () => void;
}

/** What can be done with the chosen conversations. It takes the place of the toolbar. */
export function BulkBar({ count, rows, onDone }: BulkBarProps) {
  const { t } = useTranslation("inbox");
  const [assign, resolve, snooze, transfer] = [
    useAssign(),
    useResolve(),
    useSnooze(),
    useTransfer(),
  ];
  const [, drawAgain] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows out of sight are recorded in effects
  useEffect(() => drawAgain((times) => times + 1), [count]);
  const chosen = rows();
  const nobody = {
    assign: !chosen.some(assign.offered),
    transfer: !chosen.some(transfer.offered),
    reply: !chosen.some(resolve.offered),
    snooze: !chosen.some(snooze.offered),
  };
  const run = (act: Promise<boolean>) => void act.then((isDone) => isDone && onDone());
  return (
    <div
      role="toolbar"
      aria-label={t("bulk.title")}
      className="flex h-10 shrink-0 items-center gap-0.5 bg-selected px-2"
    >
      <IconButton label={t("bulk.clear")} shortcut="Escape" onClick={onDone}>
        <X />
      </IconButton>
      <span aria-live="polite" className="min-w-0 flex-1 truncate font-semibold text-list">
        <span aria-hidden>{count}</span>
        <span className="sr-only">{t("bulk.count", { count })}</span>
      </span>
      <IconButton
        label={t("shared:acts.assign.verb")}
        disabled={nobody.assign}
        onClick={() => run(assign.run(rows(), {}))}
      >
        <Hand />
      </IconButton>
      <IconButton
        label={t("shared:acts.transfer.menu")}
        disabled={nobody.transfer}
        onClick={() => openActDialog("transfer", rows())}
      >
        <ArrowRightLeft />
      </IconButton>
      <IconButton
        label={t("shared:acts.labels.menu")}
        disabled={nobody.reply}
        onClick={() => openActDialog("labels", rows())}
      >
        <Tags />
      </IconButton>
      <PriorityMenu
        conversations={chosen}
        trigger={
          <IconButton label={t("shared:acts.priority.verb")} disabled={nobody.reply}>
            <Flag />
          </IconButton>
        }
      />
      <SnoozeMenu
        conversations={chosen}
        trigger={
          <IconButton label={t("shared:acts.snooze.verb")} disabled={nobody.snooze}>
            <MoonStar />
          </IconButton>
        }
      />
      <IconButton
        label={t("shared:acts.resolve.verb")}
        disabled={nobody.reply}
        onClick={() => run(resolve.run(rows(), undefined))}
      >
        <CircleCheck />
      </IconButton>
    </div>
  );
}

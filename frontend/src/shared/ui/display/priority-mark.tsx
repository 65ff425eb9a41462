import { ChevronDown, ChevronsUp, ChevronUp, Equal } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { LiveConversation } from "@/shared/live/frames.gen";
import { cn } from "../class-names";

export type Priority = LiveConversation["priority"];
export const PRIORITIES = ["urgent", "high", "normal", "low"] as const satisfies Priority[];

const LOOKS = {
  urgent: { Icon: ChevronsUp, colour: "text-danger" },
  high: { Icon: ChevronUp, colour: "text-warn" },
  normal: { Icon: Equal, colour: "text-text-3" },
  low: { Icon: ChevronDown, colour: "text-text-3" },
} as const;

export interface PriorityMarkProps {
  priority: Priority;
  /** Shows the word as well. */
  withText?: boolean;
  className?: string;
}

export function PriorityMark({ priority, withText = false, className }: PriorityMarkProps) {
  const { t } = useTranslation();
  const { Icon, colour } = LOOKS[priority];
  const word = t(`priority.${priority}`);
  return (
    <span
      className={cn("inline-flex shrink-0 items-center gap-1 text-meta", colour, className)}
      title={withText ? undefined : t("ui.priority", { priority: word })}
    >
      <Icon aria-hidden className="size-4" />
      {withText ? word : <span className="sr-only">{t("ui.priority", { priority: word })}</span>}
    </span>
  );
}

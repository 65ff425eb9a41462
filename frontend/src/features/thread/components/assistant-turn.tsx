import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { formatCost, formatSeconds } from "@/shared/format/turn-figures";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";
import { TurnDetails } from "@/shared/ui/turn-details";
import { turnQuery } from "../queries";

/** What the assistant asked before it wrote: folded to one line under its last bubble. */
export function AssistantTurn({
  conversationId,
  turnId,
}: {
  conversationId: string;
  turnId: string;
}) {
  const { t, language } = useTranslation("thread");
  const [isOpen, setOpen] = useState(false);
  const { data: turn } = useQuery(turnQuery(conversationId, turnId));
  if (!turn) return null;
  const parts = [
    turn.tool_calls.length > 0
      ? t("turn.calls", { count: turn.tool_calls.length })
      : t("turn.no_calls"),
    turn.duration_s !== null ? formatSeconds(turn.duration_s, language) : null,
    // A model of one's own costs nothing: no "R$ 0,00" beside the invoices.
    Number(turn.cost) > 0 ? formatCost(Number(turn.cost), language) : null,
  ].filter((each) => each !== null);
  return (
    <div className="mt-0.5 flex max-w-full flex-col items-end">
      <button
        type="button"
        aria-expanded={isOpen}
        className="flex min-h-6 items-center gap-1 rounded-control px-1 text-ai text-meta hover:bg-ai-soft"
        onClick={() => setOpen(!isOpen)}
      >
        <ChevronRight
          className={cn("size-3 transition-transform", isOpen && "rotate-90")}
          aria-hidden
        />
        {parts.join(" · ")}
      </button>
      {isOpen && (
        <div className="mt-1 w-96 max-w-full rounded-control bg-ai-soft p-2 text-list">
          <TurnDetails turn={turn} />
        </div>
      )}
    </div>
  );
}

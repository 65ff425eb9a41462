import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useConversation } from "@/shared/live";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { IconButton } from "@/shared/ui/icon-button";
import { Sheet } from "@/shared/ui/overlay/sheet";
import { EventSentence } from "./components/event-sentence";
import { MomentMessages } from "./components/moment-messages";
import { MomentState } from "./components/moment-state";
import { momentQuery } from "./queries";

export interface HistorySliderProps {
  conversationId: string;
  onClose: () => void;
}

/** The conversation as it was after any of its events, what was decided, and why. */
export function HistorySlider({ conversationId, onClose }: HistorySliderProps) {
  const { t } = useTranslation("history");
  const conversation = useConversation(conversationId);
  const last = conversation?.version ?? 1;
  // It stays where the user put it; until then it follows the conversation.
  const [chosen, setChosen] = useState<number | null>(null);
  const seq = Math.min(chosen ?? last, last);
  const asked = useDeferredValue(seq);
  const { data, error, refetch } = useQuery(momentQuery(conversationId, asked));
  const move = (step: number) => setChosen(Math.max(1, Math.min(last, seq + step)));
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("title")}
      className="w-[min(960px,100vw)]"
    >
      <div className="flex h-full min-h-0 flex-col">
        <div className="space-y-1 border-divider border-b bg-page p-3">
          <div className="flex items-center gap-2">
            <IconButton label={t("previous")} disabled={seq <= 1} onClick={() => move(-1)}>
              <ChevronLeft />
            </IconButton>
            <input
              type="range"
              min={1}
              max={last}
              value={seq}
              aria-label={t("slider")}
              aria-valuetext={t("position", { seq, last })}
              className="h-8 flex-1 accent-accent"
              onChange={(event) => setChosen(Number(event.target.value))}
            />
            <IconButton label={t("next")} disabled={seq >= last} onClick={() => move(1)}>
              <ChevronRight />
            </IconButton>
            <span className="w-20 text-right text-meta text-text-3 tabular-nums">
              {seq} / {last}
            </span>
          </div>
          {data && <EventSentence event={data.event} />}
        </div>
        {error && <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />}
        {!data && !error && <SkeletonRows count={6} height={48} label={t("title")} />}
        {data && (
          <div className="min-h-0 flex-1 overflow-y-auto md:grid md:grid-cols-[1fr_320px] md:overflow-hidden">
            <MomentMessages moment={data} />
            <MomentState moment={data} />
          </div>
        )}
      </div>
    </Sheet>
  );
}

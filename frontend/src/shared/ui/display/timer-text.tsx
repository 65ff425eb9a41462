import { AlarmClock, Clock } from "lucide-react";
import { formatClock } from "@/shared/format/durations";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";

export type WaitingLevel = "calm" | "soon" | "late";

/** How urgent a wait is: calm until half the target, soon until the target, then late. */
export function waitingLevel(waitedMs: number, targetMs: number): WaitingLevel {
  if (waitedMs >= targetMs) return "late";
  return waitedMs * 2 >= targetMs ? "soon" : "calm";
}

export interface TimerTextProps {
  /** When the wait began. */
  since: string;
  /** The present, from the one shared tick (`useNow`). */
  now: number;
  /** The target of a first answer. */
  targetMs: number;
  className?: string;
}

/** The running clock of someone who waits. */
export function TimerText({ since, now, targetMs, className }: TimerTextProps) {
  const { t } = useTranslation();
  const waited = Math.max(0, now - Date.parse(since));
  const level = waitingLevel(waited, targetMs);
  return (
    <span
      data-level={level}
      className={cn(
        "inline-flex shrink-0 items-center gap-1 text-meta text-text-3 tabular-nums [&_svg]:size-3",
        level === "soon" && "text-warn",
        level === "late" && "font-medium text-danger",
        className,
      )}
    >
      {level === "late" ? <AlarmClock aria-hidden /> : <Clock aria-hidden />}
      <span className="sr-only">{t("ui.waiting_for")} </span>
      {formatClock(waited)}
      {level === "late" && <span>{t("ui.late")}</span>}
    </span>
  );
}

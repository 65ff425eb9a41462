import { formatCount } from "@/shared/format/numbers";
import { cn } from "../class-names";

export interface BadgeProps {
  count: number;
  max?: number;
  /** What is counted, for screen readers: "3 mensagens não lidas". */
  label?: string;
  tone?: "accent" | "neutral" | "danger";
  className?: string;
}

const TONES = {
  accent: "bg-accent text-on-accent",
  neutral: "bg-hover text-text-2",
  danger: "bg-danger text-on-danger",
};

/** A count; nothing at zero. */
export function Badge({ count, max = 9, label, tone = "accent", className }: BadgeProps) {
  if (count <= 0) return null;
  return (
    <span
      className={cn(
        "inline-flex h-4 min-w-4 shrink-0 items-center justify-center rounded-full px-1 font-semibold text-badge tabular-nums",
        TONES[tone],
        className,
      )}
    >
      <span aria-hidden={label ? true : undefined}>{formatCount(count, max)}</span>
      {label && <span className="sr-only">{label}</span>}
    </span>
  );
}

import { LoaderCircle } from "lucide-react";
import * as Radix from "radix-ui/progress";
import { cn } from "../class-names";

export interface SpinnerProps {
  /** What is going on. Leave it out inside a button whose text says it. */
  label?: string;
  className?: string;
}

export function Spinner({ label, className }: SpinnerProps) {
  return (
    <span {...(label ? { role: "status" } : {})} className="inline-flex">
      <LoaderCircle aria-hidden className={cn("size-4 animate-spin", className)} />
      {label && <span className="sr-only">{label}</span>}
    </span>
  );
}

export interface ProgressProps {
  /** From 0 to 1; `null` if it is not known. */
  value: number | null;
  label: string;
  className?: string;
}

export function Progress({ value, label, className }: ProgressProps) {
  const percent = value === null ? null : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <Radix.Root
      value={percent}
      aria-label={label}
      className={cn("h-1 w-full overflow-hidden rounded-full bg-divider", className)}
    >
      <Radix.Indicator
        className={cn("block h-full rounded-full bg-accent", percent === null && "animate-pulse")}
        style={{ width: `${percent ?? 100}%` }}
      />
    </Radix.Root>
  );
}

import { type ReactNode, useEffect, useState } from "react";
import { cn } from "../class-names";

/** True once `milliseconds` have passed; what loads faster shows no skeleton. */
function useDelay(milliseconds: number): boolean {
  const [over, setOver] = useState(milliseconds === 0);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), milliseconds);
    return () => clearTimeout(timer);
  }, [milliseconds]);
  return over;
}

export interface SkeletonProps {
  /** Give it the height and width of what will come. */
  className?: string;
  delayMs?: number;
}

/** A grey place for what is loading: it takes its room at once and shows after 150 ms. */
export function Skeleton({ className, delayMs = 150 }: SkeletonProps) {
  const shown = useDelay(delayMs);
  return (
    <span
      aria-hidden
      className={cn("block rounded-control", shown && "animate-appear bg-hover", className)}
    />
  );
}

export interface SkeletonRowsProps {
  count: number;
  /** Of one row, in pixels. */
  height: number;
  /** Says to screen readers that something loads. */
  label: string;
  row?: ReactNode;
}

/** Rows like those of the lists: a picture and two lines. */
export function SkeletonRows({ count, height, label, row }: SkeletonRowsProps) {
  return (
    <div role="status" aria-busy="true" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
          key={index}
          className="flex items-center gap-3 px-3"
          style={{ height }}
        >
          {row ?? (
            <>
              <Skeleton className="size-8 rounded-full" />
              <span className="flex flex-1 flex-col gap-2">
                <Skeleton className="h-3 w-2/5" />
                <Skeleton className="h-3 w-4/5" />
              </span>
            </>
          )}
        </div>
      ))}
    </div>
  );
}

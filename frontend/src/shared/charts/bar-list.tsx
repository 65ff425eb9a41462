import type { ReactNode } from "react";
import { greatest } from "./scale";

export interface Bar {
  key: string;
  label: ReactNode;
  value: number | null;
}

interface BarListProps {
  /** The accessible name of the list. */
  label: string;
  bars: readonly Bar[];
  format: (value: number | null) => string;
  /** What a whole bar stands for, of values that have a greatest one; else the greatest of the list. */
  max?: number | undefined;
  onChoose?: ((key: string) => void) | undefined;
}

/**
 * Values beside one another. It is a list with its values in words, not a picture: a reader of screens
 * gets all of it, and every bar is a button of its own.
 */
export function BarList({ label, bars, format, max: whole, onChoose }: BarListProps) {
  const max = whole ?? greatest(bars.map((each) => each.value));
  return (
    <ul aria-label={label} className="flex flex-col gap-1">
      {bars.map((bar) => {
        const content = (
          <>
            <span className="min-w-0 truncate text-list text-text">{bar.label}</span>
            <span className="relative h-4 min-w-0 rounded-control bg-hover max-sm:order-last max-sm:col-span-full max-sm:h-2.5">
              <span
                className="absolute inset-y-0 left-0 rounded-control bg-accent"
                style={{ width: `${max > 0 ? ((bar.value ?? 0) / max) * 100 : 0}%` }}
              />
            </span>
            <span className="text-right text-list text-text tabular-nums">{format(bar.value)}</span>
          </>
        );
        const row =
          "grid w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 rounded-control px-1 py-1 sm:grid-cols-[minmax(72px,1fr)_minmax(0,3fr)_minmax(56px,auto)]";
        return (
          <li key={bar.key}>
            {onChoose ? (
              <button
                type="button"
                className={`${row} text-left hover:bg-hover`}
                onClick={() => onChoose(bar.key)}
              >
                {content}
              </button>
            ) : (
              <div className={row}>{content}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

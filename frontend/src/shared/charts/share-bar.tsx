import { cn } from "../ui/class-names";
import { wholeShares } from "./scale";

export interface SharePart {
  key: string;
  label: string;
  value: number;
  onChoose?: (() => void) | undefined;
}

interface ShareBarProps {
  /** The text alternative of the bar; the list below has all of it in words. */
  summary: string;
  parts: readonly SharePart[];
  format: (value: number) => string;
}

// A pattern as well as a colour, in this order.
const FILLS = [
  "bg-accent",
  "bg-ai [background-image:repeating-linear-gradient(45deg,transparent_0_4px,var(--page)_4px_6px)]",
  "bg-control [background-image:radial-gradient(var(--page)_1.5px,transparent_1.6px)] [background-size:7px_7px]",
  "bg-warn [background-image:repeating-linear-gradient(90deg,transparent_0_3px,var(--page)_3px_5px)]",
];

/** What a whole consists of: one bar, and a list with values and shares. */
export function ShareBar({ summary, parts, format }: ShareBarProps) {
  const shares = wholeShares(parts.map((each) => each.value));
  return (
    <div className="flex flex-col gap-3">
      <div
        role="img"
        aria-label={summary}
        className="flex h-6 gap-0.5 overflow-hidden rounded-control bg-hover"
      >
        {parts.map((part, index) =>
          part.value > 0 ? (
            <span
              key={part.key}
              className={cn("min-w-1", FILLS[index % FILLS.length])}
              style={{ flexGrow: part.value, flexBasis: 0 }}
            />
          ) : null,
        )}
      </div>
      <ul className="flex flex-col gap-1">
        {parts.map((part, index) => (
          <li key={part.key} className="flex items-center gap-2 text-list">
            <span
              aria-hidden
              className={cn("size-3.5 shrink-0 rounded-[3px]", FILLS[index % FILLS.length])}
            />
            {part.onChoose ? (
              <button
                type="button"
                className="min-w-0 truncate py-0.5 text-left text-text underline decoration-divider underline-offset-4 hover:decoration-current"
                onClick={part.onChoose}
              >
                {part.label}
              </button>
            ) : (
              <span className="min-w-0 truncate text-text">{part.label}</span>
            )}
            <span className="ml-auto text-text tabular-nums">{format(part.value)}</span>
            <span className="w-11 text-right text-text-2 tabular-nums">{shares[index]}%</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

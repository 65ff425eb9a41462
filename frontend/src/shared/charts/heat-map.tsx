import { cn } from "../ui/class-names";
import { greatest, heatLevel } from "./scale";

interface HeatMapProps {
  /** The accessible name of the table. */
  caption: string;
  /** The heads of rows and columns. */
  rows: readonly HeatHead[];
  columns: readonly HeatHead[];
  valueAt: (row: string, column: string) => number | null;
  /** As short as a field is wide. */
  format: (value: number | null) => string;
  onChoose?: ((row: string, column: string) => void) | undefined;
}

export interface HeatHead {
  key: string;
  label: string;
  /** In full, for those who hear it. */
  name: string;
}

// The text of each has a contrast of 4.5 at least; between the last two there is none that has.
const LEVELS = [
  "text-text-3",
  "bg-[color-mix(in_srgb,var(--accent)_10%,var(--page))] text-text",
  "bg-[color-mix(in_srgb,var(--accent)_20%,var(--page))] text-text",
  "bg-[color-mix(in_srgb,var(--accent)_30%,var(--page))] text-text",
  "bg-[color-mix(in_srgb,var(--accent)_42%,var(--page))] text-text",
  "bg-accent text-on-accent",
];

/** Two dimensions of time. It is a table: each field has its value in words, and the colour only repeats it. */
export function HeatMap({ caption, rows, columns, valueAt, format, onChoose }: HeatMapProps) {
  const max = greatest(rows.flatMap((row) => columns.map((each) => valueAt(row.key, each.key))));
  return (
    <div className="overflow-x-auto">
      <table className="w-full min-w-max border-separate border-spacing-0.5 text-meta tabular-nums">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            <td />
            {columns.map((column) => (
              <th key={column.key} scope="col" className="px-0.5 font-normal text-text-3">
                <span aria-hidden>{column.label}</span>
                <span className="sr-only">{column.name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row" className="pr-1 text-left font-normal text-text-2">
                <span aria-hidden>{row.label}</span>
                <span className="sr-only">{row.name}</span>
              </th>
              {columns.map((column) => {
                const value = valueAt(row.key, column.key);
                const text = format(value);
                const look = cn(
                  "flex h-7 w-full min-w-7 items-center justify-center rounded-[4px]",
                  LEVELS[heatLevel(value, max)],
                );
                return (
                  <td key={column.key}>
                    {onChoose && value ? (
                      <button
                        type="button"
                        aria-label={`${row.name}, ${column.name}: ${text}`}
                        className={look}
                        onClick={() => onChoose(row.key, column.key)}
                      >
                        {text}
                      </button>
                    ) : (
                      <span className={look}>{text}</span>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { AxisLines, TimeLabels } from "./chart-axes";
import { type AxisKind, axisTicks, bandAt, bandCentre, greatest, isAlone, linePath } from "./scale";
import { useWidth } from "./use-width";

export interface LinePoint {
  key: string;
  /** What the point stands for, in full: "segunda-feira, 24/11". */
  label: string;
  /** The same below the axis: "24/11". */
  tick: string;
  value: number | null;
  /** The value of the period before; left out without a comparison. */
  before?: number | null;
}

export interface LineChartProps {
  /** The text alternative: one sentence. */
  summary: string;
  points: readonly LinePoint[];
  format: (value: number | null) => string;
  kind?: AxisKind;
  /** Ticks are whole numbers. */
  isWhole?: boolean;
  /** A click or Enter on a point. */
  onChoose?: ((point: LinePoint) => void) | undefined;
}

const HEIGHT = 200;
const TOP = 8;
const BOTTOM = 24;
const RIGHT = 8;
/** Pixels of a character of an axis label, with some room. */
const CHARACTER = 6.6;

/**
 * Values over time; the period before is a dashed line. The arrow keys move from point to point, and the
 * line above the chart says what the point is, so nothing hangs on hovering or on colours.
 */
export function LineChart(props: LineChartProps) {
  const { summary, points, format, kind = "plain", isWhole = false, onChoose } = props;
  const { t } = useTranslation("charts");
  const [frame, width] = useWidth<HTMLDivElement>();
  const [chosen, setChosen] = useState<number | null>(null);
  const values = points.map((each) => each.value);
  const earlier = points.map((each) => each.before);
  const ticks = axisTicks(greatest([...values, ...earlier]), { kind, isWhole });
  const top = ticks.at(-1) ?? 1;
  const left = Math.ceil(Math.max(...ticks.map((each) => format(each).length)) * CHARACTER) + 8;
  const plot = Math.max(40, width - left - RIGHT);
  const x = (index: number) => left + bandCentre(index, points.length, plot);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const point = chosen === null ? undefined : points[chosen];
  const follow = (event: PointerEvent<SVGSVGElement>) => {
    const { left: start } = event.currentTarget.getBoundingClientRect();
    setChosen(bandAt(event.clientX - start - left, points.length, plot));
  };
  const press = (event: KeyboardEvent) => {
    const next = pointAfter(event.key, chosen, points.length);
    if (next !== null) {
      event.preventDefault();
      setChosen(next);
    } else if (event.key === "Enter" && point) onChoose?.(point);
  };
  return (
    <div ref={frame} className="min-w-0">
      <p aria-live="polite" className="h-5 truncate text-meta text-text-2 tabular-nums">
        {point ? describePoint(point, format, t("before")) : t("hint")}
      </p>
      <svg
        role="img"
        aria-label={summary}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go through the points
        tabIndex={0}
        width={width}
        height={HEIGHT}
        className={onChoose ? "block cursor-pointer" : "block"}
        onPointerMove={follow}
        onPointerLeave={() => setChosen(null)}
        onClick={() => point && onChoose?.(point)}
        onKeyDown={press}
        onBlur={() => setChosen(null)}
      >
        <AxisLines ticks={ticks} y={y} from={left} to={left + plot} format={format} />
        <TimeLabels points={points} x={x} width={plot} y={HEIGHT - 6} />
        {chosen !== null && (
          <line
            x1={x(chosen)}
            x2={x(chosen)}
            y1={TOP}
            y2={HEIGHT - BOTTOM}
            stroke="var(--control)"
          />
        )}
        <path
          d={linePath(earlier, x, y)}
          fill="none"
          stroke="var(--text-3)"
          strokeWidth={1.5}
          strokeDasharray="4 4"
        />
        <path d={linePath(values, x, y)} fill="none" stroke="var(--accent)" strokeWidth={2} />
        {values.map((value, index) =>
          value !== null && (index === chosen || isAlone(values, index)) ? (
            <circle
              key={points[index]?.key}
              cx={x(index)}
              cy={y(value)}
              r={4}
              fill="var(--accent)"
            />
          ) : null,
        )}
      </svg>
      {points.some((each) => each.before !== undefined) && <LineKey />}
    </div>
  );
}

function pointAfter(key: string, from: number | null, count: number): number | null {
  if (count === 0) return null;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return null;
  if (from === null) return step > 0 ? 0 : count - 1;
  return Math.min(count - 1, Math.max(0, from + step));
}

function describePoint(point: LinePoint, format: LineChartProps["format"], before: string): string {
  const now = `${point.label}: ${format(point.value)}`;
  return point.before === undefined ? now : `${now} (${before}: ${format(point.before)})`;
}

/** Which line is which. */
function LineKey() {
  const { t } = useTranslation("charts");
  return (
    <ul className="flex flex-wrap gap-x-4 pt-1 text-meta text-text-2">
      <li className="flex items-center gap-1.5">
        <span aria-hidden className="w-5 border-accent border-t-2" />
        {t("this_period")}
      </li>
      <li className="flex items-center gap-1.5">
        <span aria-hidden className="w-5 border-text-3 border-t-2 border-dashed" />
        {t("before")}
      </li>
    </ul>
  );
}

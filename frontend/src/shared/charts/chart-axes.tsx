import type { LinePoint } from "./line-chart";
import { labelStep } from "./scale";

interface AxisLinesProps {
  ticks: readonly number[];
  y: (value: number) => number;
  from: number;
  to: number;
  format: (value: number) => string;
}

/** The horizontal lines and their values. */
export function AxisLines({ ticks, y, from, to, format }: AxisLinesProps) {
  return ticks.map((tick) => (
    <g key={tick}>
      <line x1={from} x2={to} y1={y(tick)} y2={y(tick)} stroke="var(--divider)" />
      <text x={from - 6} y={y(tick) + 4} textAnchor="end" fontSize={11} fill="var(--text-3)">
        {format(tick)}
      </text>
    </g>
  ));
}

interface TimeLabelsProps {
  points: readonly LinePoint[];
  x: (index: number) => number;
  y: number;
  width: number;
}

/** As many labels below the axis as have room. */
export function TimeLabels({ points, x, y, width }: TimeLabelsProps) {
  const longest = Math.max(0, ...points.map((each) => each.tick.length));
  const step = labelStep(points.length, width, longest * 6.6 + 12);
  return points.map((point, index) =>
    index % step === 0 ? (
      <text
        key={point.key}
        x={x(index)}
        y={y}
        textAnchor="middle"
        fontSize={11}
        fill="var(--text-3)"
      >
        {point.tick}
      </text>
    ) : null,
  );
}

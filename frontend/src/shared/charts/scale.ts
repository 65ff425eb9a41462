// The arithmetic of the charts, without anything that is drawn.

export type AxisKind = "plain" | "time";

/** Steps of an axis of seconds: those of a clock, so that no tick reads "16 min 40 s". */
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
];

function plainStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= rough * 0.999_999) ?? 10;
  return factor * power;
}

function timeStep(rough: number): number {
  const day = 86_400;
  return TIME_STEPS.find((each) => each >= rough) ?? plainStep(rough / day) * day;
}

/**
 * Round values from 0 up to at least `max`, about `count` of them after 0. Whole numbers stay whole
 * where `isWhole`. Nothing to show still has an axis: 0 and 1.
 */
export function axisTicks(
  max: number,
  { count = 4, kind = "plain", isWhole = false }: Partial<AxisOptions> = {},
): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0, 1];
  const rough = max / count;
  const found = kind === "time" ? timeStep(rough) : plainStep(rough);
  const step = isWhole ? Math.max(1, Math.ceil(found)) : found;
  const steps = Math.ceil(max / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

export interface AxisOptions {
  count: number;
  kind: AxisKind;
  isWhole: boolean;
}

/** The middle of each of `count` equal parts of `width`. */
export function bandCentre(index: number, count: number, width: number): number {
  return ((index + 0.5) * width) / count;
}

/** The part that a position falls into. */
export function bandAt(x: number, count: number, width: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor((x / width) * count)));
}

type Value = number | null | undefined;

/** The path of a line over `values`; it is interrupted where there is nothing to measure. */
export function linePath(
  values: readonly Value[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let isDrawing = false;
  return values
    .flatMap((value, index) => {
      if (value === null || value === undefined) {
        isDrawing = false;
        return [];
      }
      const command = isDrawing ? "L" : "M";
      isDrawing = true;
      return [`${command}${round(x(index))},${round(y(value))}`];
    })
    .join("");
}

const round = (value: number) => Math.round(value * 10) / 10;

/** True for a value whose neighbours are missing: a line alone would not show it. */
export function isAlone(values: readonly Value[], index: number): boolean {
  const has = (at: number) => values[at] !== null && values[at] !== undefined;
  return has(index) && !has(index - 1) && !has(index + 1);
}

/** Every how many labels one is shown, so that none touches its neighbour. */
export function labelStep(count: number, width: number, labelWidth: number): number {
  if (count === 0 || width <= 0) return 1;
  return Math.max(1, Math.ceil((count * labelWidth) / width));
}

/** Whole percentages that add up to 100, largest remainders first; all 0 where there is nothing. */
export function wholeShares(values: readonly number[]): number[] {
  const total = values.reduce((sum, each) => sum + each, 0);
  if (total <= 0) return values.map(() => 0);
  const exact = values.map((each) => (each / total) * 100);
  const shares = exact.map(Math.floor);
  const missing = 100 - shares.reduce((sum, each) => sum + each, 0);
  const byRemainder = exact
    .map((each, index) => ({ index, rest: each - Math.floor(each) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}

export const HEAT_LEVELS = 5;

/**
 * How strongly a field is filled: 0 for nothing, else 1 to `HEAT_LEVELS`. The root of the share, because one
 * hour of an outage would make all other hours look alike.
 */
export function heatLevel(value: Value, max: number): number {
  if (!value || value <= 0 || max <= 0) return 0;
  return Math.min(HEAT_LEVELS, Math.ceil(Math.sqrt(value / max) * HEAT_LEVELS - 1e-9));
}

/** The greatest of the values that there are; 0 if there is none. */
export function greatest(values: readonly Value[]): number {
  return values.reduce<number>((max, each) => Math.max(max, each ?? 0), 0);
}

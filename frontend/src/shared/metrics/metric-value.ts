import { numberFormatter } from "../format/intl";
import { formatMoney } from "../format/numbers";
import { formatCost } from "../format/turn-figures";
import type { Metric, Unit } from "./report-queries";

/** Shown where there was nothing to measure: an average of nothing is not 0. */
export const NOTHING = "–";

const MILLION = 1_000_000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds, with the two largest units: "6,8 s", "5 min 20 s", "1 h 20 min", "2 d 3 h". */
export function formatSpan(seconds: number, locale: string): string {
  const time = Math.max(0, seconds);
  if (time < 10 && time !== Math.round(time)) {
    return `${numberFormatter(locale, { maximumFractionDigits: 1 }).format(time)} s`;
  }
  const whole = Math.round(time);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return pair(whole, MINUTE, "min", 1, "s");
  // Rounded to the smaller unit first: 59 min 59 s is "1 h", never "60 min".
  const minutes = Math.round(whole / MINUTE) * MINUTE;
  if (minutes < DAY) return pair(minutes, HOUR, "h", MINUTE, "min");
  return pair(Math.round(whole / HOUR) * HOUR, DAY, "d", HOUR, "h");
}

function pair(time: number, large: number, name: string, small: number, smallName: string): string {
  const rest = Math.floor((time % large) / small);
  const first = `${Math.floor(time / large)} ${name}`;
  return rest > 0 ? `${first} ${rest} ${smallName}` : first;
}

/** "1.869", and from a million on "26,7 mi": more digits fit on no card. Files have them all. */
function formatCount(value: number, locale: string): string {
  if (value < MILLION) return numberFormatter(locale, { maximumFractionDigits: 0 }).format(value);
  return numberFormatter(locale, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** A value with its unit, in words of the language. */
export function formatMetric(value: number | null | undefined, unit: Unit, locale: string): string {
  if (value === null || value === undefined) return NOTHING;
  switch (unit) {
    case "count":
      return formatCount(value, locale);
    case "seconds":
      return formatSpan(value, locale);
    case "percent":
      return `${numberFormatter(locale, { maximumFractionDigits: 1 }).format(value)}%`;
    case "currency":
      return value >= 1 ? formatMoney(value, locale) : formatCost(value, locale);
    case "score":
      return numberFormatter(locale, {
        minimumFractionDigits: 1,
        maximumFractionDigits: 2,
      }).format(value);
  }
}

/** How a value differs from the one before. */
export interface Comparison {
  direction: "up" | "down" | "same";
  /** Whether that is good; null where nothing has changed. */
  isBetter: boolean | null;
  /** "+12%", of shares "+3,2 p.p.", of scores "+0,4"; empty after 0, which has no ratio. */
  change: string;
}

/** Compares a value with that of the period before; null if one of them is missing. */
export function compareValues(
  value: number | null | undefined,
  before: number | null | undefined,
  metric: Pick<Metric, "unit" | "better">,
  locale: string,
): Comparison | null {
  if (value === null || value === undefined || before === null || before === undefined) return null;
  const change = changeText(value, before, metric.unit, locale);
  const difference = value - before;
  // What is shown as 0% is no change, whatever the digits behind it.
  if (difference === 0 || (change !== "" && !/[1-9]/.test(change))) {
    return { direction: "same", isBetter: null, change };
  }
  const isHigher = difference > 0;
  return {
    direction: isHigher ? "up" : "down",
    isBetter: isHigher === (metric.better === "higher"),
    change,
  };
}

function changeText(value: number, before: number, unit: Unit, locale: string): string {
  const signed = (amount: number, digits: number) =>
    numberFormatter(locale, { signDisplay: "exceptZero", maximumFractionDigits: digits }).format(
      amount,
    );
  if (unit === "percent") return `${signed(value - before, 1)} p.p.`;
  if (unit === "score") return signed(value - before, 2);
  if (before === 0) return value === 0 ? "0%" : "";
  return `${signed(((value - before) / before) * 100, 0)}%`;
}

/** "pt" or "en": the languages in which the server describes metrics. */
export function metricText(text: Metric["label"], locale: string): string {
  return locale.startsWith("pt") ? text.pt : text.en;
}

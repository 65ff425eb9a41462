import { dateFormatter } from "@/shared/format/intl";

// Local days of the provider as texts, "2026-03-12": no clock and no zone of the browser touches them.

export const PRESETS = ["hoje", "7d", "30d", "mes", "outro"] as const;
export type Preset = (typeof PRESETS)[number];

/** Both days belong to it. */
export interface DayRange {
  from: string;
  to: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;
/** The server's longest period. */
export const MAX_DAYS = 800;

/** The day that it is in a time zone. */
export function dayIn(zone: string, now: number): string {
  const parts = dateFormatter("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(now);
  const of = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")}`;
}

const utc = (day: string) => Date.parse(`${day}T00:00:00Z`);

export function addDays(day: string, days: number): string {
  return new Date(utc(day) + days * DAY_MS).toISOString().slice(0, 10);
}

export function countDays({ from, to }: DayRange): number {
  return Math.round((utc(to) - utc(from)) / DAY_MS) + 1;
}

/** True for a day of the calendar: no 30 February. */
export function isDay(text: string | undefined): text is string {
  if (!text || !DAY.test(text)) return false;
  const time = utc(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The days of a preset; `custom` is taken as it is. */
export function rangeOf(preset: Preset, today: string, custom: DayRange | null): DayRange {
  switch (preset) {
    case "hoje":
      return { from: today, to: today };
    case "7d":
      return { from: addDays(today, -6), to: today };
    case "30d":
      return { from: addDays(today, -29), to: today };
    case "mes":
      return { from: `${today.slice(0, 8)}01`, to: today };
    case "outro":
      return custom ?? rangeOf("7d", today, null);
  }
}

/** The period of equal length before, as the server compares. */
export function previousRange(range: DayRange): DayRange {
  const days = countDays(range);
  return { from: addDays(range.from, -days), to: addDays(range.from, -1) };
}

/** A period that somebody has typed, in order and not too long; null if it cannot be one. */
export function customRange(from: string | undefined, to: string | undefined): DayRange | null {
  if (!isDay(from) || !isDay(to)) return null;
  const range = from <= to ? { from, to } : { from: to, to: from };
  return countDays(range) <= MAX_DAYS ? range : null;
}

/** "24/11" or, with the year, "24/11/2026". */
export function formatDayShort(day: string, locale: string, withYear = false): string {
  return dateFormatter(locale, {
    day: "2-digit",
    month: "2-digit",
    ...(withYear ? { year: "numeric" } : {}),
    timeZone: "UTC",
  }).format(utc(day));
}

/** "seg., 24/11". */
export function formatDayLong(day: string, locale: string): string {
  return dateFormatter(locale, {
    weekday: "short",
    day: "2-digit",
    month: "2-digit",
    timeZone: "UTC",
  }).format(utc(day));
}

/** "24/11/2026 – 30/11/2026", or one day. */
export function formatRange(range: DayRange, locale: string): string {
  const from = formatDayShort(range.from, locale, true);
  return range.from === range.to ? from : `${from} – ${formatDayShort(range.to, locale, true)}`;
}

/** The name of a weekday, 1 for Monday. 5 January 1970 was one. */
export function weekdayName(weekday: number, locale: string, style: "short" | "long"): string {
  return dateFormatter(locale, { weekday: style, timeZone: "UTC" }).format((weekday + 3) * DAY_MS);
}

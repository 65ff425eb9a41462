import { differenceInCalendarDays } from "date-fns";
import { dateFormatter, relativeFormatter } from "./intl";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Moment = Date | string | number;

const capitalise = (text: string) => text.charAt(0).toLocaleUpperCase() + text.slice(1);
const format = (moment: Moment, locale: string, options: Intl.DateTimeFormatOptions) =>
  dateFormatter(locale, options).format(new Date(moment));
const day = (days: number, locale: string) => relativeFormatter(locale).format(days, "day");

/** "14:05". */
export function formatTime(moment: Moment, locale: string): string {
  return format(moment, locale, { hour: "2-digit", minute: "2-digit" });
}

/** "12/03/2026". */
export function formatDate(moment: Moment, locale: string): string {
  return format(moment, locale, { day: "2-digit", month: "2-digit", year: "numeric" });
}

/** "12 de mar. de 2026, 14:05", for titles and details. */
export function formatDateTime(moment: Moment, locale: string): string {
  return format(moment, locale, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * How long ago, short, for a list: "agora", "5 min", "14:05" (today), "ontem", "seg.", "12/03",
 * "12/03/2025". A moment in the future, by a clock that is wrong, reads "agora".
 */
export function formatAgo(moment: Moment, now: Moment, locale: string): string {
  const [then, today] = [new Date(moment), new Date(now)];
  const age = today.getTime() - then.getTime();
  if (age < MINUTE) return relativeFormatter(locale).format(0, "second");
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  const days = differenceInCalendarDays(today, then);
  if (days === 0) return formatTime(then, locale);
  if (days === 1) return day(-1, locale);
  if (days < 7) return format(then, locale, { weekday: "short" });
  if (then.getFullYear() !== today.getFullYear()) return formatDate(then, locale);
  return format(then, locale, { day: "2-digit", month: "2-digit" });
}

/** The line between two days: "Hoje", "Ontem", "12 de março", "12 de março de 2025". */
export function formatDay(moment: Moment, now: Moment, locale: string): string {
  const [then, today] = [new Date(moment), new Date(now)];
  const days = differenceInCalendarDays(today, then);
  if (days === 0 || days === 1) return capitalise(day(-days, locale));
  const year = then.getFullYear() === today.getFullYear() ? {} : { year: "numeric" as const };
  return format(then, locale, { day: "numeric", month: "long", ...year });
}

/** When something will be: "14:05" (today), "amanhã, 08:00", "seg., 08:00", "12/03, 08:00". */
export function formatUntil(moment: Moment, now: Moment, locale: string): string {
  const [then, today] = [new Date(moment), new Date(now)];
  const days = differenceInCalendarDays(then, today);
  const time = formatTime(then, locale);
  if (days === 0) return time;
  if (days === 1) return `${day(1, locale)}, ${time}`;
  if (days > 1 && days < 7) return `${format(then, locale, { weekday: "short" })}, ${time}`;
  return `${format(then, locale, { day: "2-digit", month: "2-digit" })}, ${time}`;
}

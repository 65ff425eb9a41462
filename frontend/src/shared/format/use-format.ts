import { useTranslation } from "@/shared/i18n/use-translation";
import * as dates from "./dates";
import * as numbers from "./numbers";

/** The formatters in the language of the screen. */
export function useFormat() {
  const { language } = useTranslation();
  const known = formatters.get(language);
  if (known) return known;
  const created = createFormatters(language);
  formatters.set(language, created);
  return created;
}

const formatters = new Map<string, ReturnType<typeof createFormatters>>();

function createFormatters(locale: string) {
  type Moment = Parameters<typeof dates.formatTime>[0];
  return {
    locale,
    time: (moment: Moment) => dates.formatTime(moment, locale),
    date: (moment: Moment) => dates.formatDate(moment, locale),
    dateTime: (moment: Moment) => dates.formatDateTime(moment, locale),
    ago: (moment: Moment, now: Moment) => dates.formatAgo(moment, now, locale),
    day: (moment: Moment, now: Moment) => dates.formatDay(moment, now, locale),
    until: (moment: Moment, now: Moment) => dates.formatUntil(moment, now, locale),
    money: (amount: number) => numbers.formatMoney(amount, locale),
    number: (value: number) => numbers.formatNumber(value, locale),
    fileSize: (bytes: number) => numbers.formatFileSize(bytes, locale),
  };
}

import type { TFunction } from "i18next";
import { dateFormatter } from "@/shared/format/intl";
import type { Grouping, ReportRow } from "@/shared/metrics/report-queries";
import { formatDayLong, formatDayShort, weekdayName } from "./period";

export interface RowName {
  /** In full: "seg., 24/11". */
  name: string;
  /** As short as an axis needs it: "24/11". */
  short: string;
}

/** What a row stands for. `t` is that of the namespace `reports`. */
export function rowName(
  grouping: Grouping,
  row: Pick<ReportRow, "key" | "name">,
  timezone: string,
  t: TFunction,
  locale: string,
): RowName {
  const { key, name } = row;
  switch (grouping) {
    case "day":
      return { name: formatDayLong(key, locale), short: formatDayShort(key, locale) };
    case "hour":
      return hourName(key, timezone, locale);
    case "weekday_hour":
      return same(weekdayHourName(key, locale));
    case "team":
    case "agent":
      return same(key === "" ? t(`without.${grouping}`) : name);
    case "contact_reason":
      return same(
        key === "" ? t(`without.${grouping}`) : t(`contact_reasons.${key}`, { defaultValue: key }),
      );
    case "pause_reason":
      if (key === "") return same(t(`without.${grouping}`));
      // A provider's own reasons have names, also one with the code of ours.
      return same(name === key ? t(`pause_reasons.${key}`, { defaultValue: key }) : name);
    case "served_by":
      return same(t(`served_by.${key}`, { defaultValue: key }));
    case "message_author":
      return same(t(`message_authors.${key}`, { defaultValue: key }));
    case "delivery_failure":
      return same(deliveryFailureName(key, t));
    case "sla_target":
      return same(t(`shared:sla.targets.${key}`, { defaultValue: key }));
    case "handoff_reason":
      return same(t(`reasons.${key}`, { defaultValue: name || key }));
    default:
      return same(name || key);
  }
}

const same = (name: string): RowName => ({ name, short: name });

function deliveryFailureName(key: string, t: TFunction): string {
  const status = /^gateway_(\d{3})$/.exec(key)?.[1];
  return t(`delivery_failures.${status ? "gateway" : key}`, { status, defaultValue: key });
}

function hourName(key: string, timezone: string, locale: string): RowName {
  const hour = new Date(key);
  const format = (options: Intl.DateTimeFormatOptions) =>
    dateFormatter(locale, { ...options, timeZone: timezone }).format(hour);
  return {
    name: format({ weekday: "short", hour: "2-digit", minute: "2-digit" }),
    short: format({ hour: "2-digit", minute: "2-digit" }),
  };
}

function weekdayHourName(key: string, locale: string): string {
  const [weekday = "1", hour = "00"] = key.split("-");
  return `${weekdayName(Number(weekday), locale, "long")}, ${hour}h`;
}

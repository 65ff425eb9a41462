import * as z from "zod/mini";
import { areEmails, splitEmails } from "@/shared/format/emails";
import type { ReportRequest } from "@/shared/metrics/report-queries";
import type { ReportSchedule, ReportScheduleContent } from "../queries";

export const MAX_NAME = 120;
const MAX_RECIPIENTS = 10;
export const CADENCES = ["day", "week", "month"] as const;
export const FILE_FORMATS = ["pdf", "xlsx", "csv"] as const;
const isCount = (text: string) => {
  const count = splitEmails(text).length;
  return count >= 1 && count <= MAX_RECIPIENTS;
};
const isDistinct = (text: string) => {
  const emails = splitEmails(text.toLowerCase());
  return new Set(emails).size === emails.length;
};

// The messages are keys below `reports:schedules.problems`.
export const scheduleSchema = z.object({
  name: z.string().check(z.trim(), z.minLength(1, "name"), z.maxLength(MAX_NAME, "name")),
  cadence: z.enum(CADENCES),
  hour: z.string(),
  fileFormat: z.enum(FILE_FORMATS),
  recipients: z
    .string()
    .check(
      z.refine(isCount, "count"),
      z.refine(areEmails, "recipients"),
      z.refine(isDistinct, "twice"),
    ),
});
export type ScheduleValues = z.infer<typeof scheduleSchema>;
export type ScheduleField = keyof ScheduleValues;

/** The values of a schedule, or those that a new one with this name starts with. */
export function scheduleValues(schedule: ReportSchedule | null, name: string): ScheduleValues {
  return {
    name: schedule?.name ?? name,
    cadence: schedule?.cadence ?? "week",
    hour: String(schedule?.hour ?? 8),
    fileFormat: schedule?.file_format ?? "pdf",
    recipients: schedule?.recipients.join(", ") ?? "",
  };
}

/** The report that a schedule sends. */
export type ScheduledPart = Pick<
  ReportScheduleContent,
  "metrics" | "group_by" | "filters" | "business_hours" | "language"
>;

/** The shown report. A day by its hours becomes a report by days, whatever its period is. */
export function scheduledPart(request: ReportRequest, language: string): ScheduledPart {
  return {
    metrics: [...request.metrics],
    group_by: request.groupBy === "hour" ? "day" : request.groupBy,
    filters: request.filters ?? {},
    business_hours: request.businessHours ?? false,
    language: language.startsWith("pt") ? "pt" : "en",
  };
}

export function scheduleContent(
  values: ScheduleValues,
  { metrics, group_by, filters, business_hours, language }: ScheduledPart,
): ReportScheduleContent {
  return {
    name: values.name.trim(),
    metrics,
    group_by,
    filters,
    business_hours,
    language,
    cadence: values.cadence,
    hour: Number(values.hour),
    file_format: values.fileFormat,
    recipients: splitEmails(values.recipients),
    active: true,
  };
}

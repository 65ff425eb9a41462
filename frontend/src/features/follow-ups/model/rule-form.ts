import * as z from "zod/mini";
import { ApiError } from "@/shared/api/problem";
import type { FollowUpRule } from "../queries";

export const INTERESTS = ["registered", "plans", "coverage"] as const;
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export const ATTEMPTS = 3;
export const MAX_VARIANTS = 3;
export const MAX_TEXT = 1000;
const HOUR_S = 3600;
const MIN_S = 10;
const MAX_HOURS = 90 * 24;
const PLACEHOLDERS = new Set(["{nome}", "{plano}", "{empresa}"]);

const isWhole = (text: string, least: number, most: number) => {
  const value = toNumber(text);
  return Number.isInteger(value) && value >= least && value <= most;
};
const whole = (least: number, most: number, error: string) =>
  z.string().check(z.refine((text) => isWhole(text, least, most), error));

/** A typed number, with a comma or a point. */
function toNumber(text: string): number {
  const trimmed = text.trim().replace(",", ".");
  return trimmed === "" ? Number.NaN : Number(trimmed);
}

const isDelay = (text: string) => {
  const hours = toNumber(text);
  return Number.isFinite(hours) && hours * HOUR_S >= MIN_S && hours <= MAX_HOURS;
};

/** Why a text cannot be sent, as a key below `follow-ups:problems`. */
export function textProblem(text: string, isFirst: boolean): string | null {
  if (text.trim() === "" || text.length > MAX_TEXT) return "text";
  const used: readonly string[] = text.match(/\{[^{}]*\}/g) ?? [];
  if (used.some((each) => !PLACEHOLDERS.has(each))) return "placeholder";
  return isFirst && !/\b(parar|sair)\b/i.test(text) ? "hint" : null;
}

// The messages are keys below `follow-ups:problems`. Numbers stay texts while they are typed.
export const ruleSchema = z
  .object({
    isEnabled: z.boolean(),
    interests: z.array(z.enum(INTERESTS)).check(z.minLength(1, "interests")),
    attempts: z.array(
      z.object({
        delay: z.string().check(z.refine(isDelay, "delay")),
        texts: z.array(z.object({ text: z.string() })),
      }),
    ),
    days: z.array(z.enum(DAYS)).check(z.minLength(1, "days")),
    from: z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "time")),
    until: z.string().check(z.regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "time_24")),
    isOnHolidays: z.boolean(),
    perDay: whole(1, 10_000, "limit"),
    channelPerDay: whole(1, 10_000, "limit"),
    windowDays: whole(1, 60, "window"),
    againDays: whole(0, 365, "again"),
    complaintDays: whole(1, 730, "complaint"),
    isAfterPeople: z.boolean(),
    labels: z.string(),
    optOutText: z.string().check(z.trim(), z.minLength(1, "text"), z.maxLength(MAX_TEXT, "text")),
  })
  .check(
    z.refine((values) => values.until > values.from, { path: ["until"], error: "until" }),
    (context) => {
      for (const [number, attempt] of context.value.attempts.entries()) {
        for (const [variant, { text }] of attempt.texts.entries()) {
          const problem = textProblem(text, number === 0);
          if (!problem) continue;
          context.issues.push({
            code: "custom",
            input: text,
            message: problem,
            path: ["attempts", number, "texts", variant, "text"],
          });
        }
      }
    },
  );
export type RuleValues = z.infer<typeof ruleSchema>;

/** Seconds as hours with a comma. */
const toHours = (seconds: number) =>
  String(Math.round((seconds / HOUR_S) * 10_000) / 10_000).replace(".", ",");

export function startValues(rule: FollowUpRule): RuleValues {
  return {
    isEnabled: rule.enabled,
    interests: rule.interests,
    attempts: rule.delays_s.map((delay, number) => ({
      delay: toHours(delay),
      texts: (rule.texts[number] ?? [""]).map((text) => ({ text })),
    })),
    days: rule.days,
    from: rule.sends_from,
    until: rule.sends_until,
    isOnHolidays: rule.on_holidays,
    perDay: String(rule.per_day),
    channelPerDay: String(rule.channel_per_day),
    windowDays: String(rule.window_days),
    againDays: String(rule.again_days),
    complaintDays: String(rule.complaint_days),
    isAfterPeople: rule.after_people,
    labels: rule.stop_labels.join(", "),
    optOutText: rule.opt_out_text,
  };
}

export function toRule(values: RuleValues): FollowUpRule {
  return {
    enabled: values.isEnabled,
    interests: values.interests,
    delays_s: values.attempts.map((each) => Math.round(toNumber(each.delay) * HOUR_S)),
    days: values.days,
    sends_from: values.from,
    sends_until: values.until,
    on_holidays: values.isOnHolidays,
    per_day: toNumber(values.perDay),
    channel_per_day: toNumber(values.channelPerDay),
    window_days: toNumber(values.windowDays),
    again_days: toNumber(values.againDays),
    complaint_days: toNumber(values.complaintDays),
    after_people: values.isAfterPeople,
    stop_labels: values.labels
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean),
    texts: values.attempts.map((each) => each.texts.map(({ text }) => text.trim())),
    opt_out_text: values.optOutText.trim(),
  };
}

const FIELD_OF_NAME = {
  interests: "interests",
  days: "days",
  sends_from: "from",
  sends_until: "until",
  per_day: "perDay",
  channel_per_day: "channelPerDay",
  window_days: "windowDays",
  again_days: "againDays",
  complaint_days: "complaintDays",
  stop_labels: "labels",
  opt_out_text: "optOutText",
} as const satisfies Record<string, keyof RuleValues>;

/** The fields that the server refuses. */
export function refusedFields(error: unknown): (keyof RuleValues)[] {
  if (!(error instanceof ApiError)) return [];
  const names = Object.keys(error.fields).flatMap((field) => field.split("."));
  return Object.entries(FIELD_OF_NAME).flatMap(([name, field]) =>
    names.includes(name) ? [field] : [],
  );
}

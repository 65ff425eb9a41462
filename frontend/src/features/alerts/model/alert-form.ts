import * as z from "zod/mini";
import type { AlertKind, AlertRule, AlertRuleContent } from "@/shared/alerts/queries";
import { ApiError } from "@/shared/api/problem";
import { areEmails, splitEmails } from "@/shared/format/emails";
import { ALERT_KINDS, KIND_NAMES } from "./alert-kinds";

export const MAX_NAME = 120;
const MAX_EMAILS = 10;

const isNumber = (text: string) => Number.isFinite(toNumber(text));
const isWebAddress = (text: string) => text === "" || /^https?:\/\/\S+$/.test(text);

// The messages are keys below `alerts:problems`. Numbers stay texts while they are typed.
export const alertSchema = z
  .object({
    name: z.string().check(z.trim(), z.minLength(1, "name"), z.maxLength(MAX_NAME, "name")),
    kind: z.enum(KIND_NAMES),
    threshold: z.string().check(z.refine(isNumber, "number")),
    clear: z.string().check(z.refine(isNumber, "number")),
    hold: z.string().check(z.refine((text) => isWhole(text, 0, 1440), "hold")),
    window: z.string(),
    team: z.nullable(z.string()),
    isQuiet: z.boolean(),
    quietFrom: z.string(),
    quietUntil: z.string(),
    emails: z.string().check(
      z.refine(areEmails, "emails"),
      z.refine((text) => splitEmails(text).length <= MAX_EMAILS, "many_emails"),
    ),
    webhook: z.string().check(z.trim(), z.refine(isWebAddress, "webhook")),
    isActive: z.boolean(),
  })
  .check(
    z.refine((values) => !isWindowed(values.kind) || isWhole(values.window, 5, 10_080), {
      path: ["window"],
      error: "window",
    }),
    z.refine(isClearGood, { path: ["clear"], error: "clear" }),
    z.refine(({ isQuiet, quietFrom, quietUntil }) => !isQuiet || quietFrom !== quietUntil, {
      path: ["quietUntil"],
      error: "quiet",
    }),
  );
export type AlertValues = z.infer<typeof alertSchema>;
export type AlertField = keyof AlertValues;

export const isWindowed = (kind: AlertKind) => ALERT_KINDS[kind].window !== undefined;

/** A typed number, with a comma or a point. */
export function toNumber(text: string): number {
  const trimmed = text.trim().replace(",", ".");
  return trimmed === "" ? Number.NaN : Number(trimmed);
}

function isWhole(text: string, least: number, most: number): boolean {
  const value = toNumber(text);
  return Number.isInteger(value) && value >= least && value <= most;
}

/** Whether an alert ends on the good side of where it begins. */
function isClearGood({
  kind,
  threshold,
  clear,
}: Pick<AlertValues, "kind" | "threshold" | "clear">) {
  const [bad, good] = [toNumber(threshold), toNumber(clear)];
  if (!Number.isFinite(bad) || !Number.isFinite(good)) return true; // told at the field itself
  return ALERT_KINDS[kind].isBelow ? good >= bad : good <= bad;
}

/** The values that a kind starts with. */
export function kindValues(
  kind: AlertKind,
): Pick<AlertValues, "threshold" | "clear" | "window" | "team"> {
  const { threshold, clear, window } = ALERT_KINDS[kind];
  return { ...texts({ threshold, clear }), window: window ? String(window) : "", team: null };
}

const texts = ({ threshold, clear }: { threshold: number; clear: number }) => ({
  threshold: String(threshold).replace(".", ","),
  clear: String(clear).replace(".", ","),
});

export function startValues(rule: AlertRule | null): AlertValues {
  if (rule) return valuesOf(rule);
  return {
    name: "",
    kind: "queue_long",
    ...kindValues("queue_long"),
    hold: "5",
    isQuiet: false,
    quietFrom: "22:00",
    quietUntil: "07:00",
    emails: "",
    webhook: "",
    isActive: true,
  };
}

function valuesOf(rule: AlertRule): AlertValues {
  return {
    name: rule.name,
    kind: rule.kind,
    ...texts({ threshold: rule.threshold, clear: rule.clear_threshold }),
    hold: String(rule.hold_minutes),
    window: rule.window_minutes === null ? "" : String(rule.window_minutes),
    team: rule.team,
    isQuiet: rule.quiet_from !== null,
    quietFrom: rule.quiet_from?.slice(0, 5) ?? "22:00",
    quietUntil: rule.quiet_until?.slice(0, 5) ?? "07:00",
    emails: rule.emails.join(", "),
    webhook: rule.webhook_url ?? "",
    isActive: rule.active,
  };
}

export function toContent(values: AlertValues): AlertRuleContent {
  return {
    name: values.name.trim(),
    kind: values.kind,
    threshold: toNumber(values.threshold),
    clear_threshold: toNumber(values.clear),
    hold_minutes: toNumber(values.hold),
    window_minutes: isWindowed(values.kind) ? toNumber(values.window) : null,
    team: ALERT_KINDS[values.kind].isByTeam ? values.team : null,
    quiet_from: values.isQuiet ? values.quietFrom : null,
    quiet_until: values.isQuiet ? values.quietUntil : null,
    emails: splitEmails(values.emails),
    webhook_url: values.webhook.trim() || null,
    active: values.isActive,
  };
}

const FIELD_OF_NAME: Record<string, AlertField> = {
  name: "name",
  threshold: "threshold",
  clear_threshold: "clear",
  hold_minutes: "hold",
  window_minutes: "window",
  team: "team",
  quiet_from: "quietFrom",
  quiet_until: "quietUntil",
  emails: "emails",
  webhook_url: "webhook",
};
const FIELD_OF_CODE: Record<string, AlertField> = {
  no_team: "team",
  private_address: "webhook",
  bad_alert_rule: "threshold",
};

/** The fields that a refusal is about, each with a key below `alerts:problems`. */
export function fieldProblems(error: unknown): [AlertField, string][] {
  if (!(error instanceof ApiError)) return [];
  const field = FIELD_OF_CODE[error.code];
  if (field) return [[field, error.code]];
  // `body.emails.2` is about the field `emails`.
  const named = Object.keys(error.fields).map((each) => FIELD_OF_NAME[each.split(".")[1] ?? ""]);
  return [...new Set(named)]
    .filter((each): each is AlertField => each !== undefined)
    .map((each) => [each, "refused"]);
}

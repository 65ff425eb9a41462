import * as z from "zod/mini";
import { ApiError } from "@/shared/api/problem";
import type { SlaPolicy, SlaPolicyContent } from "@/shared/sla/queries";

export const MAX_NAME = 120;
const MAX_MINUTES = 90 * 24 * 60;
export const TARGETS = ["first", "next", "resolution"] as const;
export const PRIORITIES = ["low", "normal", "high", "urgent"] as const;

const isTime = (text: string) => text.trim() === "" || isWithin(text, 1 / 60, MAX_MINUTES);
const time = () => z.string().check(z.refine(isTime, "time"));

// The messages are keys below `sla:problems`. Numbers stay texts while they are typed.
export const policySchema = z
  .object({
    name: z.string().check(z.trim(), z.minLength(1, "name"), z.maxLength(MAX_NAME, "name")),
    position: z.string().check(z.refine((text) => isWhole(text, 0, 10_000), "position")),
    teams: z.array(z.string()),
    priorities: z.array(z.enum(PRIORITIES)),
    labels: z.string(),
    first: time(),
    next: time(),
    resolution: time(),
    warn: z.string().check(z.refine((text) => isWhole(text, 1, 99), "warn")),
    isBusinessHours: z.boolean(),
    isEnabled: z.boolean(),
  })
  .check(
    z.refine((values) => TARGETS.some((each) => values[each].trim() !== ""), {
      path: ["first"],
      error: "targets",
    }),
  );
export type PolicyValues = z.infer<typeof policySchema>;
export type PolicyField = keyof PolicyValues;

/** A typed number, with a comma or a point. */
function toNumber(text: string): number {
  const trimmed = text.trim().replace(",", ".");
  return trimmed === "" ? Number.NaN : Number(trimmed);
}

function isWithin(text: string, least: number, most: number): boolean {
  const value = toNumber(text);
  return Number.isFinite(value) && value >= least && value <= most;
}

const isWhole = (text: string, least: number, most: number) =>
  isWithin(text, least, most) && Number.isInteger(toNumber(text));

const toSeconds = (text: string) =>
  text.trim() === "" ? null : Math.max(1, Math.round(toNumber(text) * 60));

/** Seconds as minutes with a comma. */
const toMinutes = (seconds: number | null) =>
  seconds === null ? "" : String(Math.round((seconds / 60) * 100) / 100).replace(".", ",");

export function startValues(policy: SlaPolicy | null): PolicyValues {
  if (policy === null) {
    return {
      name: "",
      position: "0",
      teams: [],
      priorities: [],
      labels: "",
      first: "15",
      next: "30",
      resolution: "",
      warn: "80",
      isBusinessHours: true,
      isEnabled: true,
    };
  }
  return {
    name: policy.name,
    position: String(policy.position),
    teams: policy.teams,
    priorities: policy.priorities,
    labels: policy.labels.join(", "),
    first: toMinutes(policy.first_answer_s),
    next: toMinutes(policy.next_answer_s),
    resolution: toMinutes(policy.resolution_s),
    warn: String(policy.warn_percent),
    isBusinessHours: policy.business_hours,
    isEnabled: policy.enabled,
  };
}

export function toContent(values: PolicyValues): SlaPolicyContent {
  return {
    name: values.name.trim(),
    position: toNumber(values.position),
    enabled: values.isEnabled,
    teams: values.teams,
    priorities: values.priorities,
    labels: values.labels
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean),
    first_answer_s: toSeconds(values.first),
    next_answer_s: toSeconds(values.next),
    resolution_s: toSeconds(values.resolution),
    business_hours: values.isBusinessHours,
    warn_percent: toNumber(values.warn),
  };
}

const FIELD_OF_NAME: Record<string, PolicyField> = {
  name: "name",
  position: "position",
  teams: "teams",
  priorities: "priorities",
  labels: "labels",
  first_answer_s: "first",
  next_answer_s: "next",
  resolution_s: "resolution",
  warn_percent: "warn",
};
const FIELD_OF_CODE: Record<string, PolicyField> = { no_team: "teams", bad_sla_policy: "first" };

/** The fields that a refusal is about, each with a key below `sla:problems`. */
export function fieldProblems(error: unknown): [PolicyField, string][] {
  if (!(error instanceof ApiError)) return [];
  const field = FIELD_OF_CODE[error.code];
  if (field) return [[field, error.code]];
  const named = Object.keys(error.fields).map((each) => FIELD_OF_NAME[each.split(".")[1] ?? ""]);
  return [...new Set(named)]
    .filter((each): each is PolicyField => each !== undefined)
    .map((each) => [each, "refused"]);
}

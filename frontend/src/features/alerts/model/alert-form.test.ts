import { expect, test } from "vitest";
import type { AlertRule } from "@/shared/alerts/queries";
import { type AlertValues, alertSchema, kindValues, startValues, toContent } from "./alert-form";
import { ALERT_KINDS, KIND_NAMES } from "./alert-kinds";

const values = (change: Partial<AlertValues> = {}): AlertValues => ({
  ...startValues(null),
  name: "Fila",
  ...change,
});
const problems = (change: Partial<AlertValues>) => {
  const { error } = alertSchema.safeParse(values(change));
  return (error?.issues ?? []).map((each) => `${String(each.path[0])}: ${each.message}`);
};

test("a new rule of each kind can be saved as it stands", () => {
  for (const kind of KIND_NAMES) {
    expect(problems({ kind, ...kindValues(kind) })).toEqual([]);
    const content = toContent(values({ kind, ...kindValues(kind) }));
    expect(content.window_minutes).toBe(ALERT_KINDS[kind].window ?? null);
  }
});

test("what the server would refuse is told at its field", () => {
  expect(problems({ name: " " })).toEqual(["name: name"]);
  expect(problems({ threshold: "muito" })).toEqual(["threshold: number"]);
  expect(problems({ threshold: "" })).toEqual(["threshold: number"]);
  expect(problems({ hold: "1,5" })).toEqual(["hold: hold"]);
  expect(problems({ threshold: "10", clear: "11" })).toEqual(["clear: clear"]);
  expect(problems({ kind: "rating_low", window: "60", threshold: "3", clear: "2" })).toEqual([
    "clear: clear",
  ]);
  expect(problems({ kind: "rating_low", window: "", threshold: "3", clear: "4" })).toEqual([
    "window: window",
  ]);
  expect(problems({ emails: "ana@example.com, ninguém" })).toEqual(["emails: emails"]);
  expect(problems({ webhook: "ftp://example.com" })).toEqual(["webhook: webhook"]);
  expect(problems({ isQuiet: true, quietFrom: "22:00", quietUntil: "22:00" })).toEqual([
    "quietUntil: quiet",
  ]);
});

test("typed texts become the content of a rule, and a rule the texts", () => {
  const typed = values({
    kind: "rating_low",
    threshold: "3,5",
    clear: "4.25",
    window: "1440",
    team: "suporte",
    isQuiet: true,
    emails: "ana@example.com; bia@example.com\n",
    webhook: " https://example.com/x ",
  });
  const content = toContent(typed);
  expect(content).toMatchObject({
    threshold: 3.5,
    clear_threshold: 4.25,
    window_minutes: 1440,
    team: "suporte",
    quiet_from: "22:00",
    emails: ["ana@example.com", "bia@example.com"],
    webhook_url: "https://example.com/x",
  });
  const rule = { ...content, quiet_from: "22:00:00", quiet_until: "07:00:00" } as AlertRule;
  expect(toContent(startValues({ ...rule, active: true }))).toEqual(content);
});

test("what a kind does not have is not sent", () => {
  const content = toContent(values({ kind: "cost_high", window: "60", team: "suporte" }));
  expect([content.window_minutes, content.team]).toEqual([null, null]);
});

import { describe, expect, it } from "vitest";
import type { FollowUpRule } from "../queries";
import { ruleSchema, startValues, textProblem, toRule } from "./rule-form";

const RULE: FollowUpRule = {
  enabled: true,
  interests: ["plans"],
  delays_s: [86_400, 5_400],
  days: ["mon", "tue"],
  sends_from: "09:00",
  sends_until: "24:00",
  on_holidays: false,
  per_day: 50,
  channel_per_day: 30,
  window_days: 7,
  again_days: 30,
  complaint_days: 90,
  after_people: true,
  stop_labels: ["vendido"],
  texts: [["Oi, {nome}! Responda PARAR"], ["Ainda quer {plano}?"]],
  opt_out_text: "Tudo bem.",
};

function problemsOf(change: Partial<ReturnType<typeof startValues>>): string[] {
  const read = ruleSchema.safeParse({ ...startValues(RULE), ...change });
  return read.success ? [] : read.error.issues.map((each) => each.message);
}

describe("the form of the rule", () => {
  it("shows a rule and stores the same one", () => {
    const values = startValues(RULE);
    expect(values.attempts.map((each) => each.delay)).toEqual(["24", "1,5"]);
    expect(ruleSchema.safeParse(values).success).toBe(true);
    expect(toRule(values)).toEqual(RULE);
  });

  it("names what is wrong", () => {
    expect(problemsOf({ days: [] })).toEqual(["days"]);
    expect(problemsOf({ from: "19:00", until: "09:00" })).toEqual(["until"]);
    expect(problemsOf({ perDay: "0" })).toEqual(["limit"]);
    expect(problemsOf({ attempts: [{ delay: "x", texts: [{ text: "PARAR" }] }] })).toEqual([
      "delay",
    ]);
    expect(problemsOf({ attempts: [{ delay: "1", texts: [{ text: "Oi" }] }] })).toEqual(["hint"]);
  });

  it("names all problems at once", () => {
    const attempts = [{ delay: "1", texts: [{ text: "Oi" }] }];
    expect(problemsOf({ perDay: "0", attempts })).toEqual(["limit", "hint"]);
  });

  it("knows which texts may be sent", () => {
    expect(textProblem("", false)).toBe("text");
    expect(textProblem("Oi {cpf}", false)).toBe("placeholder");
    expect(textProblem("Oi {nome}", true)).toBe("hint");
    expect(textProblem("Oi {nome}", false)).toBeNull();
  });
});

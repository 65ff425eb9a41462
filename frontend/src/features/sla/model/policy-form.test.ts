import { expect, test } from "vitest";
import { ApiError } from "@/shared/api/problem";
import type { SlaPolicy } from "@/shared/sla/queries";
import {
  fieldProblems,
  type PolicyValues,
  policySchema,
  startValues,
  toContent,
} from "./policy-form";

const values = (change: Partial<PolicyValues> = {}): PolicyValues => ({
  ...startValues(null),
  name: "Ouro",
  ...change,
});
const problems = (change: Partial<PolicyValues>) => {
  const { error } = policySchema.safeParse(values(change));
  return (error?.issues ?? []).map((each) => `${String(each.path[0])}: ${each.message}`);
};

test("a new policy needs only a name", () => {
  expect(problems({})).toEqual([]);
  expect(toContent(values())).toMatchObject({ first_answer_s: 900, resolution_s: null });
});

test("what the server would refuse is told at its field", () => {
  expect(problems({ name: " " })).toEqual(["name: name"]);
  expect(problems({ first: "logo" })).toEqual(["first: time"]);
  expect(problems({ next: "0" })).toEqual(["next: time"]);
  expect(problems({ warn: "100" })).toEqual(["warn: warn"]);
  expect(problems({ position: "1,5" })).toEqual(["position: position"]);
  expect(problems({ first: "", next: "", resolution: " " })).toEqual(["first: targets"]);
});

test("minutes may have a comma, and a short time stays at least a second", () => {
  expect(toContent(values({ first: "0,1", next: "0,017" }))).toMatchObject({
    first_answer_s: 6,
    next_answer_s: 1,
  });
});

test("a stored policy is shown as it was typed", () => {
  const stored: SlaPolicy = {
    ...toContent(values({ labels: "vip,  obra ", teams: ["vendas"], first: "1,5" })),
    id: "p1",
    version: 3,
    changed_at: "2026-11-30T12:00:00Z",
  } as SlaPolicy;
  expect(startValues(stored)).toMatchObject({ labels: "vip, obra", first: "1,5", resolution: "" });
});

test("a refusal is shown at the field that it is about", () => {
  const refused = new ApiError(400, { code: "no_team" });
  expect(fieldProblems(refused)).toEqual([["teams", "no_team"]]);
  expect(fieldProblems(new Error("offline"))).toEqual([]);
});

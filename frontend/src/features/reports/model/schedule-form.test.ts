import { expect, test } from "vitest";
import type { ReportSchedule } from "../queries";
import { scheduleContent, scheduledPart, scheduleSchema, scheduleValues } from "./schedule-form";

const RANGE = { from: "2026-04-20", to: "2026-04-26" };
const problems = (change: object) => {
  const values = { ...scheduleValues(null, "Canais"), recipients: "ana@example.com", ...change };
  const { error } = scheduleSchema.safeParse(values);
  return (error?.issues ?? []).map((each) => `${String(each.path[0])}: ${each.message}`);
};

test("a new schedule needs its readers only", () => {
  expect(problems({})).toEqual([]);
  expect(problems({ recipients: "" })).toEqual(["recipients: count"]);
  expect(problems({ recipients: "ana@example.com ninguém" })).toEqual(["recipients: recipients"]);
  expect(problems({ recipients: "ana@example.com, Ana@example.com" })).toEqual([
    "recipients: twice",
  ]);
  const many = Array.from({ length: 11 }, (_, number) => `a${number}@example.com`).join(" ");
  expect(problems({ recipients: many })).toEqual(["recipients: count"]);
  expect(problems({ name: " " })).toEqual(["name: name"]);
});

test("the shown report is sent, with its filters and in the language of the page", () => {
  const request = {
    metrics: ["conversations"],
    groupBy: "hour" as const,
    range: RANGE,
    filters: { team: "suporte" },
    businessHours: true,
  };
  const values = { ...scheduleValues(null, " Fila "), recipients: "a@example.com; b@example.com" };
  expect(scheduleContent(values, scheduledPart(request, "pt-BR"))).toEqual({
    name: "Fila",
    metrics: ["conversations"],
    group_by: "day",
    filters: { team: "suporte" },
    business_hours: true,
    language: "pt",
    cadence: "week",
    hour: 8,
    file_format: "pdf",
    recipients: ["a@example.com", "b@example.com"],
    active: true,
  });
});

test("a schedule that is changed keeps its report", () => {
  const schedule = {
    name: "Semana",
    cadence: "month",
    hour: 7,
    file_format: "csv",
    recipients: ["a@example.com"],
    metrics: ["rating"],
    group_by: "agent",
    filters: { agent: "none" },
    business_hours: false,
    language: "en",
  } as unknown as ReportSchedule;
  const content = scheduleContent(scheduleValues(schedule, "x"), schedule);
  expect(content).toMatchObject({ metrics: ["rating"], language: "en", cadence: "month", hour: 7 });
});

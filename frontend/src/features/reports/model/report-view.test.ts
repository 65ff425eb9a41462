import { expect, test } from "vitest";
import { readReportSearch } from "@/shared/navigation/report-search";
import { chartMetric, GROUPED_TABS } from "./report-tabs";
import { type ReportView, searchOf, viewOf, withFilter } from "./report-view";

const PLAIN: ReportView = {
  tab: "geral",
  preset: "7d",
  custom: null,
  compare: true,
  businessHours: false,
  filters: {},
  metric: null,
  groupBy: null,
};

test("an address without anything is the overview of seven days", () => {
  expect(viewOf({})).toEqual(PLAIN);
  expect(Object.values(searchOf(PLAIN)).every((each) => each === undefined)).toBe(true);
});

test("a view survives its address", () => {
  const view: ReportView = {
    tab: "atendentes",
    preset: "outro",
    custom: { from: "2026-03-01", to: "2026-03-12" },
    compare: false,
    businessHours: true,
    filters: { team: "suporte", agent: "none", channel: "c1", label: "vip" },
    metric: "answers",
    groupBy: "sla_target",
  };
  expect(viewOf(searchOf(view))).toEqual(view);
  expect(viewOf(readReportSearch({ ...searchOf(view) }))).toEqual(view);
});

test("what an address makes up counts as absent", () => {
  const made = readReportSearch({
    aba: "x",
    periodo: 7,
    de: "2026-02-30",
    ate: ["2026-03-01"],
    equipe: "suporte",
    comparar: {},
  });
  expect(viewOf(made)).toEqual(PLAIN);
  expect(viewOf({ periodo: "outro", de: "nunca", ate: "2026-03-01" }).preset).toBe("7d");
});

test("a filter is set and taken away", () => {
  const filtered = withFilter(PLAIN, "team", "suporte");
  expect(filtered.filters).toEqual({ team: "suporte" });
  expect(withFilter(filtered, "team", null).filters).toEqual({});
});

test("no table asks for more metrics than the server takes, and a chart shows one of them", () => {
  for (const tab of Object.values(GROUPED_TABS)) {
    expect(tab.metrics.length).toBeLessThanOrEqual(20);
    expect(new Set(tab.metrics).size).toBe(tab.metrics.length);
  }
  expect(chartMetric(["a", "b"], "b")).toBe("b");
  expect(chartMetric(["a", "b"], "made-up")).toBe("a");
});

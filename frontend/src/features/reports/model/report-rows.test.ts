import i18next from "i18next";
import { expect, test } from "vitest";
import type { ReportRow } from "@/shared/metrics/report-queries";
import { filledTimes } from "./filled-times";
import { rowName } from "./row-names";
import { sortRows } from "./table-rows";

const row = (key: string, value: number | null, before?: number | null): ReportRow => ({
  key,
  name: key,
  values: { m: value },
  compared: before === undefined ? null : { m: before },
});
const COUNT = { name: "m", unit: "count" } as const;
const TIME = { name: "m", unit: "seconds" } as const;
const DAYS = { from: "2026-03-10", to: "2026-03-13" };
const report = (rows: ReportRow[]) => ({
  rows,
  from: "2026-03-10T00:00:00-03:00",
  to: "2026-03-14T00:00:00-03:00",
  as_of: "2026-03-12T17:30:00Z",
  timezone: "America/Recife",
});

test("a day without anything is 0 for counts and nothing for averages; tomorrow is nothing", () => {
  const found = report([row("2026-03-10", 5)]);
  const values = (metric: typeof COUNT | typeof TIME) =>
    filledTimes(found, "day", DAYS, "2026-03-12", metric, false).map((each) => each.value);
  expect(values(COUNT)).toEqual([5, 0, 0, null]);
  expect(values(TIME)).toEqual([5, null, null, null]);
});

test("a day that only the period before has is still compared", () => {
  const found = report([row("2026-03-11", 0, 7)]);
  const values = filledTimes(found, "day", DAYS, "2026-03-12", COUNT, true);
  expect(values.map((each) => each.before)).toEqual([0, 7, 0, 0]);
});

test("the hours of a day that has 23 of them", () => {
  const short = {
    rows: [row("2026-03-08T03:00:00-04:00", 2)],
    from: "2026-03-08T00:00:00-05:00",
    to: "2026-03-09T00:00:00-04:00",
    as_of: "2026-03-10T00:00:00Z",
    timezone: "America/New_York",
  };
  const day = { from: "2026-03-08", to: "2026-03-08" };
  const values = filledTimes(short, "hour", day, "2026-03-10", COUNT, false);
  expect(values).toHaveLength(23);
  expect(values[2]).toEqual({ key: "2026-03-08T03:00:00-04:00", value: 2 });
});

test("a table is sorted by a column, with what was not measured last", () => {
  const rows = [row("a", 1), row("b", null), row("c", 3)];
  const keys = (metric: string | null, descending: boolean) =>
    sortRows(rows, { metric, descending }).map((each) => each.key);
  expect(keys("m", true)).toEqual(["c", "a", "b"]);
  expect(keys("m", false)).toEqual(["a", "c", "b"]);
  expect(keys(null, true)).toEqual(["a", "b", "c"]);
});

test("rows are named for people", () => {
  const t = i18next.getFixedT("pt-BR", "reports");
  const name = (grouping: Parameters<typeof rowName>[0], key: string, given = "") =>
    rowName(grouping, { key, name: given }, "America/Recife", t, "pt-BR").name;
  expect(name("day", "2026-11-24", "2026-11-24")).toBe("ter., 24/11");
  expect(name("agent", "")).toBe("Sem atendente");
  expect(name("team", "")).toBe("Sem equipe");
  expect(name("team", "suporte", "Suporte técnico")).toBe("Suporte técnico");
  expect(name("handoff_reason", "asked_for_human", "asked_for_human")).toBe("Pediu uma pessoa");
  expect(name("handoff_reason", "brand_new", "brand_new")).toBe("brand_new");
  expect(name("contact_reason", "", "")).toBe("Sem motivo conhecido");
  expect(name("contact_reason", "invoice", "invoice")).toBe("Fatura ou segunda via");
  expect(name("served_by", "assistant", "assistant")).toBe("Só a IA");
  expect(name("delivery_failure", "gateway_400", "gateway_400")).toBe(
    "Recusada pelo gateway (400)",
  );
  expect(name("delivery_failure", "brand_new", "brand_new")).toBe("brand_new");
  expect(name("weekday_hour", "1-08", "1-08")).toBe("segunda-feira, 08h");
  expect(name("hour", "2026-11-24T11:00:00Z")).toContain("08:00");
});

import { expect, test } from "vitest";
import {
  addDays,
  countDays,
  customRange,
  dayIn,
  formatDayLong,
  formatRange,
  isDay,
  previousRange,
  rangeOf,
  weekdayName,
} from "./period";

test("today is the provider's day, wherever the browser is", () => {
  const moment = Date.parse("2026-03-12T01:30:00Z");
  expect(dayIn("America/Recife", moment)).toBe("2026-03-11");
  expect(dayIn("UTC", moment)).toBe("2026-03-12");
  expect(dayIn("Pacific/Kiritimati", moment)).toBe("2026-03-12");
});

test("each preset ends today", () => {
  expect(rangeOf("hoje", "2026-03-12", null)).toEqual({ from: "2026-03-12", to: "2026-03-12" });
  expect(rangeOf("7d", "2026-03-02", null)).toEqual({ from: "2026-02-24", to: "2026-03-02" });
  expect(countDays(rangeOf("30d", "2026-03-12", null))).toBe(30);
  expect(rangeOf("mes", "2026-03-12", null)).toEqual({ from: "2026-03-01", to: "2026-03-12" });
  const custom = { from: "2025-12-30", to: "2026-01-02" };
  expect(rangeOf("outro", "2026-03-12", custom)).toEqual(custom);
});

test("the period before has the same length and ends the day before", () => {
  const range = { from: "2026-03-01", to: "2026-03-12" };
  expect(previousRange(range)).toEqual({ from: "2026-02-17", to: "2026-02-28" });
  expect(countDays(previousRange(range))).toBe(countDays(range));
  expect(previousRange({ from: "2026-03-12", to: "2026-03-12" }).to).toBe("2026-03-11");
});

test("days are counted across years and changes of the clock", () => {
  expect(addDays("2025-12-31", 1)).toBe("2026-01-01");
  expect(addDays("2026-03-08", 1)).toBe("2026-03-09"); // the clock changes in New York
  expect(countDays({ from: "2024-02-28", to: "2024-03-01" })).toBe(3);
});

test("a typed period is put in order; what cannot be one is none", () => {
  expect(customRange("2026-03-12", "2026-03-01")).toEqual({ from: "2026-03-01", to: "2026-03-12" });
  expect(customRange("2026-02-30", "2026-03-01")).toBeNull();
  expect(customRange("", "2026-03-01")).toBeNull();
  expect(customRange("2020-01-01", "2026-03-01")).toBeNull();
  expect(isDay("2026-02-29")).toBe(false);
  expect(isDay("2024-02-29")).toBe(true);
});

test("days in words", () => {
  expect(formatDayLong("2026-11-24", "pt-BR")).toBe("ter., 24/11");
  expect(formatRange({ from: "2026-11-24", to: "2026-11-30" }, "pt-BR")).toBe(
    "24/11/2026 – 30/11/2026",
  );
  expect(formatRange({ from: "2026-11-24", to: "2026-11-24" }, "pt-BR")).toBe("24/11/2026");
  expect(weekdayName(1, "pt-BR", "long")).toBe("segunda-feira");
  expect(weekdayName(7, "en", "long")).toBe("Sunday");
});

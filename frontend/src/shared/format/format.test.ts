import { describe, expect, test } from "vitest";
import { formatAgo, formatDay, formatUntil } from "./dates";
import { formatClock, formatDuration, formatPlayTime } from "./durations";
import { initials, stableIndex } from "./names";
import { formatCount, formatFileSize, formatMoney } from "./numbers";
import { dialledPhone, formatPhone } from "./phone";

const now = new Date(2026, 2, 12, 14, 5);
const at = (year: number, month: number, day: number, hour = 9, minute = 30) =>
  new Date(year, month - 1, day, hour, minute);

describe("dates", () => {
  test.each([
    [at(2026, 3, 12, 14, 5), "agora", "now"],
    [at(2026, 3, 12, 14, 10), "agora", "now"],
    [at(2026, 3, 12, 14, 0), "5 min", "5 min"],
    [at(2026, 3, 12, 9, 30), "09:30", "09:30 AM"],
    [at(2026, 3, 11), "ontem", "yesterday"],
    [at(2026, 3, 9), "seg.", "Mon"],
    [at(2026, 2, 1), "01/02", "02/01"],
    [at(2025, 12, 31), "31/12/2025", "12/31/2025"],
  ])("%s is shown as %s", (moment, portuguese, english) => {
    expect(formatAgo(moment, now, "pt-BR")).toBe(portuguese);
    expect(formatAgo(moment, now, "en")).toBe(english);
  });

  test("a line between days names today and yesterday", () => {
    expect(formatDay(at(2026, 3, 12), now, "pt-BR")).toBe("Hoje");
    expect(formatDay(at(2026, 3, 11, 23, 59), now, "pt-BR")).toBe("Ontem");
    expect(formatDay(at(2026, 3, 10), now, "pt-BR")).toBe("10 de março");
    expect(formatDay(at(2025, 3, 10), now, "pt-BR")).toBe("10 de março de 2025");
    expect(formatDay(at(2026, 3, 11), now, "en")).toBe("Yesterday");
  });

  test("a time to come names tomorrow and the weekday", () => {
    expect(formatUntil(at(2026, 3, 12, 18, 0), now, "pt-BR")).toBe("18:00");
    expect(formatUntil(at(2026, 3, 13, 8, 0), now, "pt-BR")).toBe("amanhã, 08:00");
    expect(formatUntil(at(2026, 3, 16, 8, 0), now, "pt-BR")).toBe("seg., 08:00");
    expect(formatUntil(at(2026, 4, 16, 8, 0), now, "pt-BR")).toBe("16/04, 08:00");
  });
});

test.each([
  [-5, "0:00"],
  [5_000, "0:05"],
  [725_000, "12:05"],
  [4_800_000, "1 h 20"],
  [90_000_000, "1 d 1 h"],
])("a clock of %d ms shows %s", (time, shown) => expect(formatClock(time)).toBe(shown));

test("lengths of time", () => {
  expect(formatDuration(840)).toBe("840 ms");
  expect(formatDuration(45_000)).toBe("45 s");
  expect(formatDuration(4_800_000)).toBe("1 h 20 min");
  expect(formatPlayTime(67.9)).toBe("1:07");
  expect(formatPlayTime(3723)).toBe("1:02:03");
  expect(formatPlayTime(Number.NaN)).toBe("0:00");
});

test("names become initials and a stable number", () => {
  expect(initials("Maria das Dores Lima")).toBe("ML");
  expect(initials("ana")).toBe("A");
  expect(initials("🙂")).toBe("?");
  expect(initials(null)).toBe("?");
  expect(stableIndex("Maria", 6)).toBe(stableIndex("Maria", 6));
});

test("phones of Brazil are grouped, others keep their digits", () => {
  expect(formatPhone("5581988887777")).toBe("+55 81 98888-7777");
  expect(formatPhone("+558133334444")).toBe("+55 81 3333-4444");
  expect(formatPhone("351912345678")).toBe("+351912345678");
  expect(formatPhone("ramal 12")).toBe("ramal 12");
});

test("a typed phone number is Brazilian unless it begins with another country code", () => {
  expect(dialledPhone("(81) 98888-7777")).toBe("5581988887777");
  expect(dialledPhone("081 8888-7777")).toBe("5581988887777");
  expect(dialledPhone("+55 81 3333-4444")).toBe("558133334444");
  expect(dialledPhone("+351 912 345 678")).toBe("351912345678");
  for (const unfit of ["98888-7777", "ramal 12", "+0 123 456 78", "", "+1", "11 1888-7777"]) {
    expect(dialledPhone(unfit)).toBeNull();
  }
});

test("numbers", () => {
  expect(formatMoney(1089.9, "pt-BR").replace(/\s/u, " ")).toBe("R$ 1.089,90");
  expect(formatFileSize(812, "pt-BR")).toBe("812 B");
  expect(formatFileSize(1_440_000, "pt-BR")).toBe("1,4 MB");
  expect(formatFileSize(999_900, "en")).toBe("1 MB");
  expect(formatCount(9)).toBe("9");
  expect(formatCount(10)).toBe("9+");
});

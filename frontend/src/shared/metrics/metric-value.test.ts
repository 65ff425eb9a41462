import { expect, test } from "vitest";
import { compareValues, formatMetric, formatSpan, metricText } from "./metric-value";

const plain = (text: string) => text.replace(/\u00a0/g, " ");

test.each([
  [0, "0 s"],
  [6.778, "6,8 s"],
  [45.2, "45 s"],
  [59.6, "1 min"],
  [320, "5 min 20 s"],
  [3_599.9, "1 h"],
  [4_800, "1 h 20 min"],
  [86_390, "1 d"],
  [183_600, "2 d 3 h"],
])("%d seconds read %s", (seconds, text) => expect(formatSpan(seconds, "pt-BR")).toBe(text));

test.each([
  [1869, "count", "1.869"],
  [999_999, "count", "999.999"],
  [26_695_750, "count", "26,7 mi"],
  [62.068966, "percent", "62,1%"],
  [0, "percent", "0%"],
  [1234.5, "currency", "R$ 1.234,50"],
  [0.0031, "currency", "R$ 0,0031"],
  [4, "score", "4,0"],
  [4.666, "score", "4,67"],
  [null, "seconds", "–"],
] as const)("%s as %s reads %s", (value, unit, text) =>
  expect(plain(formatMetric(value, unit, "pt-BR"))).toBe(text),
);

const count = { unit: "count", better: "higher" } as const;
const time = { unit: "seconds", better: "lower" } as const;

test("a value is compared with the one before, and judged by what is better", () => {
  expect(compareValues(40, 26, count, "pt-BR")).toEqual({
    direction: "up",
    isBetter: true,
    change: "+54%",
  });
  expect(compareValues(30, 60, time, "pt-BR")).toEqual({
    direction: "down",
    isBetter: true,
    change: "-50%",
  });
  expect(compareValues(90, 60, time, "pt-BR")?.isBetter).toBe(false);
  expect(compareValues(5, 5, count, "pt-BR")).toEqual({
    direction: "same",
    isBetter: null,
    change: "0%",
  });
  expect(compareValues(1_000, 1_001, count, "pt-BR")?.direction).toBe("same");
});

test("shares differ by points, scores by their difference, and nothing has a ratio to 0", () => {
  const share = { unit: "percent", better: "higher" } as const;
  const score = { unit: "score", better: "higher" } as const;
  expect(compareValues(62.1, 65.4, share, "pt-BR")?.change).toBe("-3,3 p.p.");
  expect(compareValues(4.5, 4.1, score, "pt-BR")?.change).toBe("+0,4");
  expect(compareValues(3, 0, count, "pt-BR")?.change).toBe("");
});

test("without one of the values there is no comparison", () => {
  expect(compareValues(null, 3, count, "pt-BR")).toBeNull();
  expect(compareValues(3, undefined, count, "pt-BR")).toBeNull();
});

test("the server's texts come in the language of the screen", () => {
  const text = { pt: "Atendimentos", en: "Conversations" };
  expect(metricText(text, "pt-BR")).toBe("Atendimentos");
  expect(metricText(text, "en")).toBe("Conversations");
});

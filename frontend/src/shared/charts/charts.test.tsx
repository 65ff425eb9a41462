import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import fc from "fast-check";
import { beforeEach, expect, test, vi } from "vitest";
import { completeBrowser } from "@/testing/routed";
import { ChartCard } from "./chart-card";
import { LineChart } from "./line-chart";
import { axisTicks, bandAt, heatLevel, isAlone, labelStep, linePath, wholeShares } from "./scale";

beforeEach(completeBrowser);

test.each([
  [7, [0, 2, 4, 6, 8]],
  [100, [0, 25, 50, 75, 100]],
  [1, [0, 0.25, 0.5, 0.75, 1]],
  [0, [0, 1]],
  [Number.NaN, [0, 1]],
])("an axis up to %d", (max, ticks) => expect(axisTicks(max)).toEqual(ticks));

test("an axis of counts has no halves, one of seconds has the steps of a clock", () => {
  expect(axisTicks(3, { isWhole: true })).toEqual([0, 1, 2, 3]);
  expect(axisTicks(900, { kind: "time" })).toEqual([0, 300, 600, 900]);
  expect(axisTicks(200_000, { kind: "time" }).every((each) => each % 86_400 === 0)).toBe(true);
});

test("every axis reaches its greatest value with few, growing ticks", () => {
  const max = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(max, fc.constantFrom("plain" as const, "time" as const), (value, kind) => {
      const ticks = axisTicks(value, { kind });
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(value * 0.999_999);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
    }),
  );
});

test("a line is interrupted where nothing was measured", () => {
  const path = linePath(
    [1, null, 2, 3],
    (index) => index * 10,
    (value) => value,
  );
  expect(path).toBe("M0,1M20,2L30,3");
  expect(isAlone([1, null, 2, 3], 0)).toBe(true);
  expect(isAlone([1, null, 2, 3], 2)).toBe(false);
});

test("shares are whole and add up to 100", () => {
  expect(wholeShares([1, 1, 1])).toEqual([34, 33, 33]);
  expect(wholeShares([0, 0])).toEqual([0, 0]);
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { minLength: 1, maxLength: 8 }), (values) => {
      const sum = wholeShares(values).reduce((total, each) => total + each, 0);
      expect(sum).toBe(values.some((each) => each > 0) ? 100 : 0);
    }),
  );
});

test("fields, labels and the part under the pointer", () => {
  expect([0, 1, 16, 36, 64, 65, 100].map((each) => heatLevel(each, 100))).toEqual([
    0, 1, 2, 3, 4, 5, 5,
  ]);
  expect(heatLevel(null, 100)).toBe(0);
  expect(labelStep(30, 300, 40)).toBe(4);
  expect([-5, 0, 99, 500].map((each) => bandAt(each, 10, 100))).toEqual([0, 0, 9, 9]);
});

const POINTS = [
  { key: "a", label: "segunda-feira", tick: "seg.", value: 3, before: 1 },
  { key: "b", label: "terça-feira", tick: "ter.", value: null, before: 2 },
];

test("the arrow keys go through the points, and Enter opens one", async () => {
  const onChoose = vi.fn();
  render(<LineChart summary="Atendimentos" points={POINTS} format={String} onChoose={onChoose} />);
  screen.getByRole("img", { name: "Atendimentos" }).focus();
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByText("segunda-feira: 3 (Período anterior: 1)")).toBeDefined();
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  expect(screen.getByText("terça-feira: null (Período anterior: 2)")).toBeDefined();
  await userEvent.keyboard("{Home}{Enter}");
  expect(onChoose).toHaveBeenCalledWith(POINTS[0]);
});

test("a chart gives way to its table and comes back", async () => {
  render(<ChartCard title="T" chart={<p>gráfico</p>} table={<p>tabela</p>} />);
  await userEvent.click(screen.getByRole("button", { name: "Ver como tabela" }));
  expect(screen.queryByText("gráfico")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Ver como gráfico" }));
  expect(screen.getByText("gráfico")).toBeDefined();
});

import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Tooltip } from "./tooltip";
import TooltipHint from "./tooltip-hint";
import { watchTooltipTargets } from "./tooltip-targets";

const shown: (string | null)[] = [];
let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  shown.length = 0;
  stop = watchTooltipTargets((target) => shown.push(target?.dataset.tooltip ?? null));
  render(
    <>
      <Tooltip label="Encerrar" shortcut="Alt+E" side="bottom">
        <button type="button">E</button>
      </Tooltip>
      <Tooltip label="Transferir">
        <button type="button">T</button>
      </Tooltip>
      <p>fora</p>
    </>,
  );
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

const button = (name: string) => screen.getByRole("button", { name });

test("the hint comes after a rest, the next one at once, and goes with the pointer", () => {
  fireEvent.pointerOver(button("E"));
  vi.advanceTimersByTime(300);
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(200);
  fireEvent.pointerOver(button("T"));
  vi.advanceTimersByTime(1);
  fireEvent.pointerOver(screen.getByText("fora"));
  vi.advanceTimersByTime(200);
  expect(shown).toEqual(["Encerrar", "Transferir", null]);
});

test("a press hides it until the pointer comes again, and so does Escape", () => {
  fireEvent.pointerOver(button("E"));
  vi.advanceTimersByTime(500);
  fireEvent.pointerDown(button("E"));
  fireEvent.pointerOver(button("E"));
  vi.advanceTimersByTime(500);
  expect(shown).toEqual(["Encerrar", null]);
  fireEvent.pointerOver(screen.getByText("fora"));
  fireEvent.pointerOver(button("E"));
  vi.advanceTimersByTime(500);
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect(shown).toEqual(["Encerrar", null, "Encerrar", null]);
});

test("a finger shows none, and an element that has gone shows none", () => {
  const touch = new Event("pointerover", { bubbles: true });
  button("E").dispatchEvent(Object.assign(touch, { pointerType: "touch" }));
  vi.advanceTimersByTime(500);
  const gone = document.createElement("button");
  gone.dataset.tooltip = "Sumiu";
  document.body.append(gone);
  fireEvent.pointerOver(gone);
  gone.remove();
  vi.advanceTimersByTime(500);
  expect(shown.filter(Boolean)).toEqual([]);
});

test("the hint says the label and the keys", async () => {
  vi.useRealTimers();
  await act(async () => {
    render(<TooltipHint target={button("E")} />);
  });
  expect(screen.getByRole("tooltip").textContent).toContain("Encerrar");
});

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listenForShortcuts } from "./keyboard";
import { registerCommands } from "./registry";

const run = vi.fn();
let stops: (() => void)[] = [];

function register(id: string, more: object = {}): void {
  const command = { id, title: id, group: "go", run: () => run(id), ...more } as const;
  stops.push(registerCommands([command]));
}

beforeEach(() => {
  run.mockClear();
  stops = [listenForShortcuts()];
});
afterEach(() => {
  for (const stop of stops) stop();
  cleanup();
});

const press = (key: string, code: string, more: object = {}, target: Element = document.body) =>
  fireEvent.keyDown(target, { key, code, ...more });

test("a shortcut runs its command and keeps the browser from acting", () => {
  register("conversation.resolve");
  const goesOn = press("e", "KeyE", { altKey: true });
  expect(run).toHaveBeenCalledWith("conversation.resolve");
  expect(goesOn).toBe(false);
});

test("keys without a command are left to the browser", () => {
  expect(press("e", "KeyE", { altKey: true })).toBe(true);
  register("conversation.resolve", { when: () => false });
  expect(press("e", "KeyE", { altKey: true })).toBe(true);
  expect(run).not.toHaveBeenCalled();
});

test("Ctrl+K and Ctrl+Alt+E differ from Alt+K and Alt+E", () => {
  for (const id of ["commands.open", "list.previous", "conversation.resolve"]) register(id);
  register("conversation.resolve_next");
  press("k", "KeyK", { ctrlKey: true });
  expect(run).toHaveBeenLastCalledWith("commands.open");
  press("e", "KeyE", { ctrlKey: true, altKey: true });
  expect(run).toHaveBeenLastCalledWith("conversation.resolve_next");
  expect(run).toHaveBeenCalledTimes(2);
});

test("while typing only modified keys count, and no letter of AltGr", () => {
  render(<textarea aria-label="text" />);
  register("help.shortcuts");
  register("conversation.resolve");
  register("conversation.resolve_next");
  const text = screen.getByLabelText("text");
  press("?", "Slash", { shiftKey: true }, text);
  press("°", "KeyE", { ctrlKey: true, altKey: true, modifierAltGraph: true }, text);
  expect(run).not.toHaveBeenCalled();
  press("e", "KeyE", { altKey: true }, text);
  expect(run).toHaveBeenCalledWith("conversation.resolve");
});

test("? shows the shortcuts on any keyboard", () => {
  register("help.shortcuts");
  press("?", "IntlRo", { shiftKey: true });
  expect(run).toHaveBeenCalledWith("help.shortcuts");
});

test("an open dialog keeps the shortcuts of what lies below it", () => {
  render(<div role="dialog" data-state="open" />);
  register("conversation.resolve");
  register("commands.open");
  press("e", "KeyE", { altKey: true });
  expect(run).not.toHaveBeenCalled();
  press("k", "KeyK", { ctrlKey: true });
  expect(run).toHaveBeenCalledWith("commands.open");
});

test("a key held down resolves once but walks through the list", () => {
  register("conversation.resolve");
  register("list.next");
  press("e", "KeyE", { altKey: true, repeat: true });
  press("j", "KeyJ", { altKey: true, repeat: true });
  expect(run.mock.calls).toEqual([["list.next"]]);
});

test("of two commands with one id the later one counts", () => {
  register("list.next");
  register("list.next", { run: () => run("later") });
  press("j", "KeyJ", { altKey: true });
  expect(run.mock.calls).toEqual([["later"]]);
});

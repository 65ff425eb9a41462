import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import i18next from "i18next";
import { useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { describeError } from "@/shared/api/describe-error";
import { ApiError, networkError } from "@/shared/api/problem";
import { giveLayout } from "@/testing/layout";
import { Button } from "./button";
import { TimerText, waitingLevel } from "./display/timer-text";
import { SkeletonRows } from "./feedback/skeleton";
import { Combobox } from "./form/combobox";
import { Field } from "./form/field";
import { Input } from "./form/input";
import { moveInList } from "./list/move-in-list";
import { ConfirmDialog } from "./overlay/confirm-dialog";
import { Dialog } from "./overlay/dialog";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => giveLayout());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("an error says what to do: by its code, else by its status, else with the code", () => {
  const say = (error: unknown) => describeError(error, i18next.t);
  expect(say(new ApiError(422, { code: "not_taken_over" }))).toBe("Assuma a conversa primeiro.");
  expect(say(networkError())).toContain("Sem conexão");
  expect(say(new ApiError(429, { code: "flood" }, 12))).toContain("Espere 12 s");
  expect(say(new ApiError(500, { code: "strange" }))).toContain("strange");
  expect(say(new Error("x"))).toContain("Algo deu errado");
});

test("a wait is calm until half its target and late from the target on", () => {
  expect([149, 150, 299, 300].map((waited) => waitingLevel(waited, 300))).toEqual([
    "calm",
    "soon",
    "soon",
    "late",
  ]);
  render(<TimerText since="2026-03-12T14:00:00Z" now={0} targetMs={1} />);
  expect(screen.getByText("0:00", { exact: false })).toBeDefined(); // a wrong clock counts no time
});

test("a field names its control and says what is wrong", () => {
  render(
    <Field label="E-mail" hint="O do trabalho" error="Escreva um e-mail válido.">
      <Input />
    </Field>,
  );
  const input = screen.getByLabelText("E-mail");
  expect(input.getAttribute("aria-invalid")).toBe("true");
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ");
  expect(described.map((id) => document.getElementById(id)?.textContent)).toEqual([
    "O do trabalho",
    "Escreva um e-mail válido.",
  ]);
});

function Teams() {
  const [value, setValue] = useState<string[]>([]);
  return (
    <Combobox
      multiple
      label="Buscar"
      value={value}
      onChange={setValue}
      options={[
        { value: "s", label: "Suporte técnico" },
        { value: "b", label: "Financeiro" },
      ]}
    />
  );
}

test("a combobox finds without accents and keeps open for several values", async () => {
  render(<Teams />);
  await userEvent.click(screen.getByRole("button", { name: "Buscar" }));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("combobox")));
  await userEvent.keyboard("tecnico{Enter}");
  await userEvent.clear(screen.getByRole("combobox"));
  await userEvent.keyboard("fin{Enter}{Escape}");
  expect(screen.getByRole("button", { name: "Buscar, Suporte técnico, Financeiro" })).toBeDefined();
});

test("a question that cannot be undone starts on Cancel", async () => {
  const onConfirm = vi.fn();
  render(
    <ConfirmDialog
      title="Excluir?"
      description="Não pode ser desfeito."
      confirmLabel="Excluir"
      onConfirm={onConfirm}
      danger
      trigger={<Button>Abrir</Button>}
    />,
  );
  await userEvent.click(screen.getByText("Abrir"));
  expect(document.activeElement?.textContent).toBe("Cancelar");
  await userEvent.keyboard("{Enter}");
  expect(onConfirm).not.toHaveBeenCalled();
  expect(document.activeElement?.textContent).toBe("Abrir");
});

test("the focus enters a dialog at its content, not at the button that closes it", async () => {
  render(
    <Dialog title="Salvar" trigger={<Button>Abrir</Button>}>
      <Input aria-label="Nome" />
    </Dialog>,
  );
  await userEvent.click(screen.getByText("Abrir"));
  expect(document.activeElement).toBe(screen.getByLabelText("Nome"));
});

test("a skeleton takes its room at once and shows after 150 ms", () => {
  vi.useFakeTimers();
  const { container } = render(<SkeletonRows count={1} height={64} label="Carregando" />);
  expect(screen.getByRole("status", { name: "Carregando" })).toBeDefined();
  expect(container.querySelector(".bg-hover")).toBeNull();
  act(() => void vi.advanceTimersByTime(150));
  expect(container.querySelector(".bg-hover")).not.toBeNull();
});

test("keys move within a list and stop at its ends", () => {
  const key = (name: string, more = {}) => ({
    key: name,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    ...more,
  });
  expect(moveInList(key("ArrowUp"), 0, 10, 5)).toBe(0);
  expect(moveInList(key("PageDown"), 7, 10, 5)).toBe(9);
  expect(moveInList(key("ArrowDown", { altKey: true }), 0, 10, 5)).toBeNull();
  expect(moveInList(key("x"), 0, 10, 5)).toBeNull();
  expect(moveInList(key("End"), 0, 0, 5)).toBeNull();
});

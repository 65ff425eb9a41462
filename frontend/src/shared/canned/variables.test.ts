import { expect, test } from "vitest";
import { fillVariables, hasUnknownVariable, type VariableValues } from "./variables";

const values: VariableValues = {
  contact: "Maria das Dores",
  phone: "5581988887777",
  agent: "Ana Souza",
  team: "Suporte",
  protocol: "20261130-000001",
  now: new Date(2026, 10, 30, 9, 0),
};

test("variables are replaced", () => {
  const text =
    "{{saudacao}}, {{contato.primeiro_nome}}! Aqui é {{ atendente.nome }}, {{equipe}}. {{protocolo}}";
  expect(fillVariables(text, values)).toBe(
    "Bom dia, Maria! Aqui é Ana Souza, Suporte. 20261130-000001",
  );
});

test("one without a value leaves no gap", () => {
  expect(fillVariables("Olá {{contato.nome}}!", { ...values, contact: null })).toBe("Olá!");
});

test("an unknown one stays, so that the agent sees it", () => {
  expect(fillVariables("{{outra.coisa}}", values)).toBe("{{outra.coisa}}");
});

test.each([
  [4, "Boa noite"],
  [5, "Bom dia"],
  [12, "Boa tarde"],
  [18, "Boa noite"],
])("at %i h: %s", (hour, expected) => {
  const now = new Date(2026, 10, 30, hour);
  expect(fillVariables("{{saudacao}}", { ...values, now })).toBe(expected);
});

test.each([
  ["Olá {{contato.nome}}, {{ equipe }}", false],
  ["Sem variável {simples}", false],
  ["{{outra}}", true],
  ["{{contato.nome", true],
  ["contato.nome}}", true],
])("%s has an unknown variable: %s", (text, expected) => {
  expect(hasUnknownVariable(text)).toBe(expected);
});

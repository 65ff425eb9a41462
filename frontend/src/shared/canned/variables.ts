import { firstName } from "@/shared/format/names";
import { formatPhone } from "@/shared/format/phone";

/** The variables of canned responses, as the server checks them. */
export const CANNED_VARIABLES = [
  "contato.nome",
  "contato.primeiro_nome",
  "contato.telefone",
  "atendente.nome",
  "atendente.primeiro_nome",
  "equipe",
  "protocolo",
  "saudacao",
] as const;
export type CannedVariable = (typeof CANNED_VARIABLES)[number];

export interface VariableValues {
  contact: string | null;
  phone: string | null;
  agent: string;
  team: string | null;
  protocol: string;
  now: Date;
}

function greeting(now: Date): string {
  const hour = now.getHours();
  if (hour >= 5 && hour < 12) return "Bom dia";
  return hour >= 12 && hour < 18 ? "Boa tarde" : "Boa noite";
}

/** What each variable stands for; empty if there is nothing. */
export function variableValues(values: VariableValues): Record<CannedVariable, string> {
  return {
    "contato.nome": values.contact ?? "",
    "contato.primeiro_nome": values.contact ? firstName(values.contact) : "",
    "contato.telefone": values.phone ? formatPhone(values.phone) : "",
    "atendente.nome": values.agent,
    "atendente.primeiro_nome": firstName(values.agent),
    equipe: values.team ?? "",
    protocolo: values.protocol,
    saudacao: greeting(values.now),
  };
}

/** True if the text has braces that enclose no known variable; the server refuses such a text. */
export function hasUnknownVariable(text: string): boolean {
  const known = new Set<string>(CANNED_VARIABLES);
  const rest = text.replace(/\{\{([^{}]*)\}\}/g, (_, name: string) =>
    known.has(name.trim()) ? "" : "{{",
  );
  return rest.includes("{{") || rest.includes("}}");
}

/** Replaces `{{contato.nome}}` and the others. One without a value leaves no gap in the sentence. */
export function fillVariables(text: string, values: VariableValues): string {
  const known: Record<string, string> = variableValues(values);
  return text.replace(/ ?\{\{\s*([\w.]+)\s*\}\}/g, (whole, name: string) => {
    const value = known[name];
    if (value === undefined) return whole;
    const space = whole.startsWith(" ") ? " " : "";
    return value === "" ? "" : `${space}${value}`;
  });
}

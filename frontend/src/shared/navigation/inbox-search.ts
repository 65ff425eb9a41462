import { manyTexts, oneOf, oneText } from "./address";

const SORTS = ["changed", "waiting", "opened", "due"] as const;

/** The filters of the inbox as its address carries them, so that a link shows the same list. */
export interface InboxSearch {
  /** The tab: `mine`, `unassigned`, `assistant`, `all`; with the Brazilian preset also `resolved`. */
  aba?: string | undefined;
  /** A saved folder, by its id. */
  pasta?: string | undefined;
  situacao?: string[] | undefined;
  equipe?: string[] | undefined;
  canal?: string[] | undefined;
  etiqueta?: string[] | undefined;
  prioridade?: string[] | undefined;
  agente?: string[] | undefined;
  ordem?: (typeof SORTS)[number] | undefined;
  /** The message that the thread shows first: a hit of the search, or a quoted message. */
  mensagem?: string | undefined;
}

/** Reads the filters from what follows `?`; what cannot be one is left out. */
export function readInboxSearch(search: Record<string, unknown>): InboxSearch {
  return {
    aba: oneText(search, "aba"),
    pasta: oneText(search, "pasta"),
    situacao: manyTexts(search, "situacao"),
    equipe: manyTexts(search, "equipe"),
    canal: manyTexts(search, "canal"),
    etiqueta: manyTexts(search, "etiqueta"),
    prioridade: manyTexts(search, "prioridade"),
    agente: manyTexts(search, "agente"),
    ordem: oneOf(search, "ordem", SORTS),
    mensagem: oneText(search, "mensagem"),
  };
}

import { manyTexts, oneText } from "./address";

/** What the page of reports shows, as its address carries it; `model/report-view.ts` reads it. */
export interface ReportSearch {
  aba?: string | undefined;
  periodo?: string | undefined;
  de?: string | undefined;
  ate?: string | undefined;
  comparar?: string | undefined;
  horario?: string | undefined;
  metrica?: string | undefined;
  por?: string | undefined;
  /** "abertas": the list of exports is open, as the link of a mail says. */
  exportacoes?: string | undefined;
  // Lists, as in the address of the inbox; a report takes the first value.
  equipe?: string[] | undefined;
  agente?: string[] | undefined;
  canal?: string[] | undefined;
  etiqueta?: string[] | undefined;
}

/** Reads it from what follows `?`; what cannot be one is left out. */
export function readReportSearch(search: Record<string, unknown>): ReportSearch {
  return {
    aba: oneText(search, "aba"),
    periodo: oneText(search, "periodo"),
    de: oneText(search, "de"),
    ate: oneText(search, "ate"),
    comparar: oneText(search, "comparar"),
    horario: oneText(search, "horario"),
    metrica: oneText(search, "metrica"),
    por: oneText(search, "por"),
    exportacoes: oneText(search, "exportacoes"),
    equipe: manyTexts(search, "equipe"),
    agente: manyTexts(search, "agente"),
    canal: manyTexts(search, "canal"),
    etiqueta: manyTexts(search, "etiqueta"),
  };
}

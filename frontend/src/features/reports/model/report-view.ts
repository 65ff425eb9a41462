import type { ReportFilters } from "@/shared/metrics/report-queries";
import type { ReportSearch } from "@/shared/navigation/report-search";
import { customRange, type DayRange, PRESETS, type Preset } from "./period";

export const TABS = [
  "geral",
  "atendimentos",
  "atendentes",
  "equipes",
  "canais",
  "etiquetas",
  "ia",
  "motivos",
  "contatos",
  "avaliacoes",
  "sla",
  "horarios",
  "entregas",
] as const;
export type TabName = (typeof TABS)[number];

/** What the page shows. */
export interface ReportView {
  tab: TabName;
  preset: Preset;
  /** The days of the preset `outro`. */
  custom: DayRange | null;
  compare: boolean;
  businessHours: boolean;
  filters: ReportFilters;
  /** The metric of the chart; null for that of the tab. */
  metric: string | null;
  /** What the rows of the table stand for, on a tab that lets one choose; null for the tab's first. */
  groupBy: string | null;
}

const FILTER_KEYS = {
  team: "equipe",
  agent: "agente",
  channel: "canal",
  label: "etiqueta",
} as const;
export type FilterName = keyof typeof FILTER_KEYS;
export const FILTER_NAMES = Object.keys(FILTER_KEYS) as FilterName[];

function oneOf<Word extends string>(words: readonly Word[], text: string | undefined, other: Word) {
  return words.find((each) => each === text) ?? other;
}

/** Reads an address; what it made up counts as absent. */
export function viewOf(search: ReportSearch): ReportView {
  const custom = customRange(search.de, search.ate);
  const preset = oneOf(PRESETS, search.periodo, "7d");
  const filters: ReportFilters = {};
  for (const name of FILTER_NAMES) {
    const value = search[FILTER_KEYS[name]]?.[0];
    if (value) filters[name] = value;
  }
  return {
    tab: oneOf(TABS, search.aba, "geral"),
    preset: preset === "outro" && !custom ? "7d" : preset,
    custom,
    compare: search.comparar !== "nao",
    businessHours: search.horario === "comercial",
    filters,
    metric: search.metrica ?? null,
    groupBy: search.por ?? null,
  };
}

/** The address of a view, without what is as it is anyhow. */
export function searchOf(view: ReportView): ReportSearch {
  const isCustom = view.preset === "outro" && view.custom !== null;
  const search: ReportSearch = {
    aba: view.tab === "geral" ? undefined : view.tab,
    periodo: view.preset === "7d" ? undefined : view.preset,
    de: isCustom ? view.custom?.from : undefined,
    ate: isCustom ? view.custom?.to : undefined,
    comparar: view.compare ? undefined : "nao",
    horario: view.businessHours ? "comercial" : undefined,
    metrica: view.metric ?? undefined,
    por: view.groupBy ?? undefined,
  };
  for (const name of FILTER_NAMES) {
    const value = view.filters[name];
    if (value) search[FILTER_KEYS[name]] = [value];
  }
  return search;
}

/** Sets or, with null, takes away one filter. */
export function withFilter(view: ReportView, name: FilterName, value: string | null): ReportView {
  const { [name]: _, ...filters } = view.filters;
  return { ...view, filters: value === null ? filters : { ...filters, [name]: value } };
}

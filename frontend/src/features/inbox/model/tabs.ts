import type { Counts, ListFilter } from "@/shared/live";

export type ListPreset = "default" | "brazilian";
export type TabId = "mine" | "unassigned" | "assistant" | "all" | "resolved";

const TABS: Record<ListPreset, readonly TabId[]> = {
  default: ["mine", "unassigned", "assistant", "all"],
  brazilian: ["mine", "unassigned", "resolved"],
};

/** The tabs over the list: Minhas … Todas, or Atendendo, Aguardando, Encerrados. */
export const tabsOf = (preset: ListPreset) => TABS[preset];

/** The tab that an address names; the first one if the preset does not have it. */
export function tabOf(name: string | undefined, preset: ListPreset): TabId {
  return TABS[preset].find((tab) => tab === name) ?? "mine";
}

export function tabFilter(tab: TabId): ListFilter {
  return tab === "resolved" ? { tab: "all", status: ["resolved"] } : { tab };
}

/** The count of a tab; undefined while it is not known. Resolved ones are not counted. */
export function tabCount(tab: TabId, counts: Counts | undefined): number | undefined {
  return tab === "resolved" ? undefined : counts?.[tab];
}

import type { SavedFolder } from "@/shared/api/preferences";
import type { ConversationStatus, ListFilter, ListSort, Priority } from "@/shared/live";
import type { InboxSearch } from "@/shared/navigation/inbox-search";
import { type TabId, tabFilter } from "./tabs";

/** The filters of the address, by the name that they have in the live state. */
const FILTER_KEYS = {
  status: "situacao",
  team: "equipe",
  channel: "canal",
  label: "etiqueta",
  priority: "prioridade",
  agent: "agente",
} as const;
export type FilterName = keyof typeof FILTER_KEYS;
export const FILTER_NAMES = Object.keys(FILTER_KEYS) as FilterName[];

export const STATUSES = ["pending", "waiting", "open", "snoozed", "resolved"] as const;
const PRIORITY_NAMES = ["low", "normal", "high", "urgent"] as const;

export function filterValues(search: InboxSearch, name: FilterName): readonly string[] {
  return search[FILTER_KEYS[name]] ?? [];
}

export function countFilters(search: InboxSearch): number {
  return FILTER_NAMES.filter((name) => filterValues(search, name).length > 0).length;
}

/** Changes one filter. The folder no longer describes the list then. */
export function withFilter(search: InboxSearch, name: FilterName, values: string[]): InboxSearch {
  return {
    ...search,
    pasta: undefined,
    [FILTER_KEYS[name]]: values.length > 0 ? values : undefined,
  };
}

export function withoutFilters(search: InboxSearch): InboxSearch {
  const { aba, ordem } = search;
  return { aba, ordem };
}

const oneOf = <Value extends string>(allowed: readonly Value[], values: readonly string[]) =>
  allowed.filter((each) => values.includes(each));

/** What the live state is asked for. Values that an address made up are left out. */
export function listFilter(search: InboxSearch, tab: TabId): ListFilter {
  const filter: ListFilter = tabFilter(tab);
  const status: ConversationStatus[] = oneOf(STATUSES, filterValues(search, "status"));
  const priority: Priority[] = oneOf(PRIORITY_NAMES, filterValues(search, "priority"));
  if (status.length > 0) filter.status = status;
  if (priority.length > 0) filter.priority = priority;
  for (const name of ["team", "channel", "label", "agent"] as const) {
    const values = filterValues(search, name);
    if (values.length > 0) filter[name] = values;
  }
  return filter;
}

const FOLDER_SORTS = {
  changed: "last_message",
  waiting: "waiting",
  opened: "opening",
  due: "due",
} as const;

export function folderFrom(search: InboxSearch, id: string, name: string): SavedFolder {
  const filter = Object.fromEntries(
    FILTER_NAMES.flatMap((each) => {
      const values = filterValues(search, each);
      return values.length === 0 ? [] : [[each, values]];
    }),
  );
  const sort = search.ordem ? { sort: FOLDER_SORTS[search.ordem] } : {};
  return { id, name, filter: { ...filter, ...sort } };
}

/** The address of a folder. */
export function searchFrom(folder: SavedFolder): InboxSearch {
  const sorts = Object.keys(FOLDER_SORTS) as ListSort[];
  const search: InboxSearch = {
    aba: "all",
    pasta: folder.id,
    ordem: sorts.find((each) => FOLDER_SORTS[each] === folder.filter?.sort),
  };
  for (const name of FILTER_NAMES) {
    const values = folder.filter?.[name] ?? [];
    if (values.length > 0) search[FILTER_KEYS[name]] = [...values];
  }
  return search;
}

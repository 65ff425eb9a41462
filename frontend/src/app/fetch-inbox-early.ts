import type { QueryClient } from "@tanstack/react-query";
import { listFilter } from "@/features/inbox/model/filters";
import { tabOf } from "@/features/inbox/model/tabs";
import { colleaguesQuery } from "@/shared/api/colleagues";
import { DEFAULT_PREFERENCES, preferencesQuery } from "@/shared/api/preferences";
import { currentUserQuery } from "@/shared/api/session";
import { fetchListEarly } from "@/shared/live/live-api";
import type { InboxSearch } from "@/shared/navigation/inbox-search";

let isDone = false;

/** Once per page: asks for what the inbox shows while its screen is still being loaded and drawn. */
export function fetchInboxEarly(queryClient: QueryClient, search: InboxSearch): void {
  const user = queryClient.getQueryData(currentUserQuery.queryKey);
  if (isDone || !user?.tenant_id) return;
  isDone = true;
  void queryClient.prefetchQuery(preferencesQuery);
  void queryClient.prefetchQuery(colleaguesQuery);
  const tab = tabOf(search.aba, DEFAULT_PREFERENCES.list_preset ?? "default");
  fetchListEarly(listFilter(search, tab), search.ordem ?? "changed", user.id);
}

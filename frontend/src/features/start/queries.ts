import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";

const MIN_LENGTH = 2;
const MAX_HITS = 6;

/** Contacts by a word of the name, or by the beginning of a phone number. */
export function peopleQuery(search: string) {
  return queryOptions({
    queryKey: ["contacts", "people", search],
    queryFn: () =>
      unwrap(api.GET("/contacts", { params: { query: { q: search, limit: MAX_HITS } } })),
    enabled: search.length >= MIN_LENGTH,
    placeholderData: keepPreviousData,
  });
}

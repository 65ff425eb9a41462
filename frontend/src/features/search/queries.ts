import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

export type SearchHit = components["schemas"]["MessageSearchHit"];

const PAGE = 50;

/** A search needs a word of letters or digits; the server says when there is none, or too many. */
export function hasWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** Messages and notes that have all words of the text, newest first. */
export function messageSearchQuery(text: string) {
  return infiniteQueryOptions({
    queryKey: ["search", "messages", text],
    queryFn: ({ pageParam, signal }) => {
      const query = { q: text, limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return unwrap(api.GET("/search/messages", { params: { query }, signal }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    enabled: hasWord(text),
  });
}

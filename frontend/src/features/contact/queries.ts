import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

export type ContactFile = components["schemas"]["ContactFileResponse"];

const PAGE = 12;
const MARGIN_MS = 60_000;

const pageOf = (contactId: string, cursor: string | null) => ({
  params: {
    path: { contact_id: contactId },
    query: { limit: PAGE, ...(cursor === null ? {} : { cursor }) },
  },
});

/** The conversations of a contact that the user may see, newest first. */
export function visitsQuery(contactId: string) {
  return infiniteQueryOptions({
    queryKey: ["contact", contactId, "conversations"],
    queryFn: ({ pageParam }) =>
      unwrap(api.GET("/contacts/{contact_id}/conversations", pageOf(contactId, pageParam))),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
}

/** The files of a contact in all conversations that the user may see, newest first. */
export function contactFilesQuery(contactId: string) {
  return infiniteQueryOptions({
    queryKey: ["contact", contactId, "files"],
    queryFn: ({ pageParam }) =>
      unwrap(api.GET("/contacts/{contact_id}/files", pageOf(contactId, pageParam))),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
}

/** A signed address of a file. The thread reads it under the same key. */
export function signedFileQuery({ conversation_id, message_id }: ContactFile) {
  return queryOptions({
    queryKey: ["file-url", conversation_id, message_id],
    queryFn: () =>
      unwrap(
        api.GET("/conversations/{conversation_id}/messages/{message_id}/file", {
          params: { path: { conversation_id, message_id } },
        }),
      ),
    staleTime: (query) => {
      const until = query.state.data?.expires_at;
      return until ? Math.max(0, Date.parse(until) - Date.now() - MARGIN_MS) : 0;
    },
  });
}

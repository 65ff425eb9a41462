import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";

const MARGIN_MS = 60_000;

/** A signed address of a message's file. It is asked for again shortly before it expires. */
export function fileUrlQuery(conversationId: string, messageId: string) {
  return queryOptions({
    queryKey: ["file-url", conversationId, messageId],
    queryFn: () =>
      unwrap(
        api.GET("/conversations/{conversation_id}/messages/{message_id}/file", {
          params: { path: { conversation_id: conversationId, message_id: messageId } },
        }),
      ),
    staleTime: (query) => {
      const until = query.state.data?.expires_at;
      return until ? Math.max(0, Date.parse(until) - Date.now() - MARGIN_MS) : 0;
    },
  });
}

/** The earlier texts of an edited message, oldest first. Another edit asks again. */
export function versionsQuery(conversationId: string, messageId: string, editedAt: string | null) {
  return queryOptions({
    queryKey: ["message-versions", conversationId, messageId, editedAt],
    queryFn: () =>
      unwrap(
        api.GET("/conversations/{conversation_id}/messages/{message_id}/versions", {
          params: { path: { conversation_id: conversationId, message_id: messageId } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** A turn of the assistant. One that runs is asked for again. */
export function turnQuery(conversationId: string, turnId: string) {
  return queryOptions({
    queryKey: ["turn", conversationId, turnId],
    queryFn: async () => {
      const page = await unwrap(
        api.GET("/conversations/{conversation_id}/turns", {
          params: { path: { conversation_id: conversationId }, query: { turns: [turnId] } },
        }),
      );
      return page.items[0] ?? null;
    },
    staleTime: (query) => (query.state.data?.status === "running" ? 0 : Number.POSITIVE_INFINITY),
  });
}

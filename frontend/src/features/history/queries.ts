import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

type Schemas = components["schemas"];
export type Moment = Schemas["HistoryMomentResponse"];
export type HistoryEvent = Schemas["HistoryEventResponse"];
export type HistoryState = Schemas["HistoryStateResponse"];

const MESSAGES = 30;

/** The conversation right after one of its events. The past does not change, so it is kept. */
export function momentQuery(conversationId: string, seq: number) {
  return queryOptions({
    queryKey: ["history", conversationId, seq],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/conversations/{conversation_id}/history/{seq}", {
          params: {
            path: { conversation_id: conversationId, seq },
            query: { messages: MESSAGES },
          },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
}

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { usePresence } from "@/shared/live";
import { api, unwrap } from "./client";
import type { components } from "./schema.gen";
import { useCurrentUser } from "./session";

export type PresenceState = components["schemas"]["AgentPresenceResponse"]["state"];
export type PauseReason = components["schemas"]["PauseReasonSchema"];

const ownPresenceQuery = queryOptions({
  queryKey: ["presence", "me"],
  queryFn: () => unwrap(api.GET("/presence/me")),
});

const pauseReasonsQuery = queryOptions({
  queryKey: ["presence", "reasons"],
  queryFn: async () => (await unwrap(api.GET("/presence/reasons"))).reasons,
  staleTime: 10 * 60_000,
});

/** The presence of the signed-in user; what the live stream says is newer than what was fetched. */
export function useOwnPresence(): { state: PresenceState; reason: string | null } | undefined {
  const user = useCurrentUser();
  const live = usePresence(user.id);
  const fetched = useQuery(ownPresenceQuery).data;
  return live ?? fetched;
}

/** The reasons for a pause that the provider allows; empty until they are loaded. */
export function usePauseReasons(): readonly PauseReason[] {
  return useQuery(pauseReasonsQuery).data ?? [];
}

/** Sets the presence of the signed-in user. `reason` is the code of a pause. */
export function useSetPresence() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (presence: { state: PresenceState; reason?: string | null }) =>
      unwrap(api.PUT("/presence/me", { body: presence })),
    onSuccess: (presence) => queryClient.setQueryData(ownPresenceQuery.queryKey, presence),
  });
}

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

type Schemas = components["schemas"];
export type MirrorSettings = Schemas["SupabaseSettingsResponse"];
export type MirrorSettingsContent = Schemas["PutSupabaseRequest"];
export type MirrorStatus = Schemas["SupabaseStatusResponse"];
export type ProjectCheck = Schemas["ProjectCheckResponse"];

const SETTINGS = ["supabase", "settings"];
const STATUS = ["supabase", "status"];
const STATUS_INTERVAL_MS = 5_000;

export const mirrorSettingsQuery = queryOptions({
  queryKey: SETTINGS,
  queryFn: ({ signal }) => unwrap(api.GET("/supabase", { signal })),
});

/** Asked again and again while the page is visible. */
export const mirrorStatusQuery = queryOptions({
  queryKey: STATUS,
  queryFn: ({ signal }) => unwrap(api.GET("/supabase/status", { signal })),
  refetchInterval: STATUS_INTERVAL_MS,
});

export function useSaveMirrorSettings() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: MirrorSettingsContent) => unwrap(api.PUT("/supabase", { body })),
    onSuccess: (saved) => {
      client.setQueryData(SETTINGS, saved);
      return client.invalidateQueries({ queryKey: STATUS });
    },
  });
}

export function usePauseMirror() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (paused: boolean) => unwrap(api.PUT("/supabase/pause", { body: { paused } })),
    onSettled: async () => {
      for (const queryKey of [STATUS, SETTINGS]) await client.invalidateQueries({ queryKey });
    },
  });
}

/** Tries the project that is saved. */
export function useProjectTest() {
  return useMutation({ mutationFn: () => unwrap(api.POST("/supabase/test")) });
}

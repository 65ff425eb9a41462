import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import { ApiError } from "./problem";
import type { components } from "./schema.gen";
import { useSharedQuery } from "./shared-query";

type Schemas = components["schemas"];
type Document = Schemas["PreferencesDocument"];
export type SavedFolder = Schemas["SavedFolder"];
export type NotificationKinds = Schemas["NotificationKinds"];
export type SoundName = Schemas["NotificationSound"];

/** What a user has chosen for screens and notifications, complete. */
export interface Preferences extends Document {
  folders: SavedFolder[];
  notifications: { hide_text: boolean; in_page: NotificationKinds; push: NotificationKinds };
  side_panel: { order: string[]; open: string[] };
  sounds: Schemas["SoundPreferences"];
}

const ALL_KINDS: NotificationKinds = {
  new_message: true,
  assignment: true,
  mention: true,
  new_conversation: true,
};

/** The server's defaults, which also serve until the preferences are loaded. */
export const DEFAULT_PREFERENCES: Preferences = {
  language: "pt-BR",
  theme: "system",
  send_with: "enter",
  list_preset: "default",
  density: "comfortable",
  folders: [],
  side_panel: { order: [], open: [] },
  sounds: { new_message: "pop", new_conversation: "chime", mention: "ding", volume: 70 },
  notifications: { hide_text: false, in_page: ALL_KINDS, push: ALL_KINDS },
};

interface Stored {
  preferences: Preferences;
  etag: string;
}

function complete(document: Document): Preferences {
  const { folders, side_panel, sounds, notifications, ...rest } = document;
  return {
    ...rest,
    folders: folders ?? [],
    side_panel: { ...DEFAULT_PREFERENCES.side_panel, ...side_panel },
    sounds: { ...DEFAULT_PREFERENCES.sounds, ...sounds },
    notifications: { ...DEFAULT_PREFERENCES.notifications, ...notifications },
  };
}

function stored(data: Document | undefined, response: Response): Stored {
  return {
    preferences: complete(data ?? DEFAULT_PREFERENCES),
    etag: response.headers.get("etag") ?? "*",
  };
}

async function fetchPreferences(): Promise<Stored> {
  const { data, response } = await api.GET("/preferences");
  return stored(data, response);
}

async function putPreferences({ preferences, etag }: Stored): Promise<Stored> {
  const { data, response } = await api.PUT("/preferences", {
    params: { header: { "if-match": etag } },
    body: preferences,
  });
  return stored(data, response);
}

export const preferencesQuery = queryOptions({
  queryKey: ["preferences"],
  queryFn: fetchPreferences,
  staleTime: 5 * 60_000,
});

/** The preferences of the signed-in user; the defaults until they are loaded. */
export function usePreferences(): Preferences {
  return useSharedQuery(preferencesQuery)?.preferences ?? DEFAULT_PREFERENCES;
}

type Change = (current: Preferences) => Preferences;
/** Changes of this tab that the server does not have yet, oldest first. */
const pending: Change[] = [];
const MAX_CONFLICTS = 4;

/** Sends what is shown. If another window was faster, repeats the pending changes on its version. */
async function save(queryClient: QueryClient): Promise<Stored> {
  const known = queryClient.getQueryData(preferencesQuery.queryKey);
  let base = known ?? applyPending(await fetchPreferences());
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      return await putPreferences(base);
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 412;
      if (!isStale || conflicts === MAX_CONFLICTS) throw error;
      base = applyPending(await fetchPreferences());
    }
  }
}

function applyPending({ preferences, etag }: Stored): Stored {
  return { preferences: pending.reduce((current, change) => change(current), preferences), etag };
}

/**
 * Changes the preferences: shown at once, saved one after the other, and repeated on the newer
 * version if another window has changed something else meanwhile. A failed save is taken back.
 */
export function useUpdatePreferences() {
  const queryClient = useQueryClient();
  return useMutation({
    scope: { id: "preferences" },
    onMutate: async (change: Change) => {
      pending.push(change);
      await queryClient.cancelQueries(preferencesQuery);
      queryClient.setQueryData(
        preferencesQuery.queryKey,
        (old) => old && { ...old, preferences: change(old.preferences) },
      );
    },
    mutationFn: () => save(queryClient),
    onSuccess: (saved, change) => {
      forget(change);
      queryClient.setQueryData(preferencesQuery.queryKey, applyPending(saved));
    },
    onError: (_, change) => {
      forget(change);
      return queryClient.invalidateQueries(preferencesQuery);
    },
  });
}

function forget(change: Change): void {
  const index = pending.indexOf(change);
  if (index >= 0) pending.splice(index, 1);
}

// Stands in for `@/shared/live` where a test shows panes without a server:
// vi.mock("@/shared/live", () => import("@/testing/live-fixture"))
import { useMemo, useSyncExternalStore } from "react";
import type {
  AssistantDraft,
  Conversation,
  ConversationList,
  Counts,
  ListFilter,
  ListSort,
} from "@/shared/live/types";

interface LiveFixture {
  /** The rows of every list, in order; of the filters only the status counts. */
  rows: readonly Conversation[];
  /** Overrides the list, for its states. */
  list: Partial<ConversationList>;
  unread: Record<string, number>;
  typing: Record<string, readonly string[]>;
  viewers: Record<string, readonly string[]>;
  drafts: Record<string, AssistantDraft>;
  counts: Counts | undefined;
  now: number;
  /** What the lists were asked for, the newest last. */
  asked: { filter: ListFilter; sort: ListSort }[];
  /** The conversations that will probably be opened. */
  prefetched: string[];
}

const EMPTY: LiveFixture = {
  rows: [],
  list: {},
  unread: {},
  typing: {},
  viewers: {},
  drafts: {},
  counts: undefined,
  now: Date.parse("2026-03-12T14:05:00Z"),
  asked: [],
  prefetched: [],
};

let state = EMPTY;
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const useValue = <Value>(read: () => Value) => useSyncExternalStore(subscribe, read);

export const fixture = {
  get: () => state,
  set(change: Partial<LiveFixture>) {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  },
  reset() {
    state = { ...EMPTY, asked: [], prefetched: [] };
  },
};

const NONE: readonly string[] = [];
const nothing = () => {};

export const live = { prefetchThread: (id: string) => state.prefetched.push(id) };

export const useConversation = (id: string) =>
  useValue(() => state.rows.find((row) => row.id === id));
export function useConversationList(filter: ListFilter, sort: ListSort): ConversationList {
  const { rows, list } = useValue(() => state);
  state.asked.push({ filter, sort });
  return {
    ids: useMemo(
      () => rows.filter((row) => filter.status?.includes(row.status) ?? true).map((row) => row.id),
      [rows, filter.status],
    ),
    state: "ready",
    error: null,
    hasMore: false,
    loadMore: nothing,
    retry: nothing,
    ...list,
  };
}
export const useCounts = () => useValue(() => state.counts);
export const useQueues = () => ({ waiting: {}, withAssistant: null });
export const useUnread = (id: string) => useValue(() => state.unread[id] ?? 0);
export const useTyping = (id: string) => useValue(() => state.typing[id] ?? NONE);
export const useViewers = (id: string) => useValue(() => state.viewers[id] ?? NONE);
export const useAssistantDraft = (id: string) => useValue(() => state.drafts[id] ?? null);
export const useNow = () => useValue(() => state.now);
export const usePresence = () => undefined;

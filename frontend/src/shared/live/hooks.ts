import { useCallback, useEffect, useLayoutEffect, useMemo, useSyncExternalStore } from "react";
import { useSession } from "./provider";
import { createSpec, type ListState } from "./state/list-spec";
import type { LiveState } from "./state/state";
import type {
  AssistantDraft,
  ComposerDraft,
  Conversation,
  ConversationList,
  ConversationResult,
  Counts,
  Link,
  ListFilter,
  ListSort,
  Message,
  Presence,
  Queues,
} from "./types";

export { useNow } from "./use-now";
export { useThread } from "./use-thread";

const CONFIRM_AFTER_MS = 3_000;
const NONE: readonly string[] = [];

/** A part of the live state. `select` returns the same object as long as the part is the same. */
export function useLiveState<Part>(select: (state: LiveState) => Part): Part {
  const { store } = useSession();
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}

export function useLink(): Link {
  return useLiveState((state) => state.link);
}

/** The conversation, fetched if it is not known. */
export function useConversation(id: string): Conversation | undefined {
  return useConversationState(id).conversation;
}

function resultOf(state: LiveState, id: string): ConversationResult["state"] {
  if (state.conversations.has(id)) return "ready";
  if (state.hidden.has(id)) return "hidden";
  return state.failures.has(id) ? "error" : "loading";
}

/** The conversation and why it is not there. hidden: the user may not see it, or it never was. */
export function useConversationState(id: string): ConversationResult {
  const { threads } = useSession();
  const epoch = useLiveState((state) => state.epoch);
  const conversation = useLiveState((state) => state.conversations.get(id)?.row);
  const result = useLiveState((state) => resultOf(state, id));
  const error = useLiveState((state) => state.failures.get(id) ?? null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after a gap it is fetched again
  useEffect(() => {
    if (result === "loading") void threads.fetchConversation(id);
    if (result !== "ready") return;
    // Usually the list of the conversation confirms it.
    const timer = setTimeout(() => void threads.fetchConversation(id), CONFIRM_AFTER_MS);
    return () => clearTimeout(timer);
  }, [threads, id, result, epoch]);
  return { conversation, state: result, error };
}

function listStateOf(list: ListState | undefined): ConversationList["state"] {
  if (list?.error) return "error";
  return list?.loaded ? "ready" : "loading";
}

export function useConversationList(filter: ListFilter, sort: ListSort): ConversationList {
  const { store, lists } = useSession();
  const { userId } = store.state;
  const given = createSpec(filter, sort, userId);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for filter and sort
  const spec = useMemo(() => given, [given.key, userId]);
  const { key } = spec;
  // Before the screen is painted: a page that is there already is then in the first picture.
  useLayoutEffect(() => lists.mount(spec), [lists, spec]);
  const list = useLiveState((state) => state.lists.get(key));
  return useMemo(
    () => ({
      ids: list?.ids ?? NONE,
      state: listStateOf(list),
      error: list?.error ?? null,
      hasMore: list?.sources.some((each) => !each.done) ?? false,
      loadMore: () => void lists.load(key),
      retry: () => lists.retry(key),
    }),
    [list, lists, key],
  );
}

/** The numbers of the desk's tabs, counted by the server; undefined until they are known. */
export function useCounts(): Counts | undefined {
  return useLiveState((state) => state.counts);
}

export function useQueues(): Queues {
  return useLiveState((state) => state.queues);
}

export function useUnread(conversationId: string): number {
  return useLiveState((state) => state.unread.get(conversationId) ?? 0);
}

export function useTotalUnread(): number {
  return useLiveState((state) => {
    let total = 0;
    for (const unread of state.unread.values()) total += unread;
    return total;
  });
}

function useOthers(name: "typing" | "viewing", conversationId: string): readonly string[] {
  const joined = useLiveState((state) => {
    const people = state[name].get(conversationId);
    return people ? [...people.keys()].filter((each) => each !== state.userId).join(" ") : "";
  });
  return useMemo(() => (joined === "" ? NONE : joined.split(" ")), [joined]);
}

/** A message that this page knows, for example the one that a reply quotes. */
export function useMessage(id: string): Message | undefined {
  return useLiveState((state) => state.messages.get(id)?.row);
}

/** Ids of the other users who type in the conversation. */
export function useTyping(conversationId: string): readonly string[] {
  return useOthers("typing", conversationId);
}

/** Ids of the other users who look at the conversation. */
export function useViewers(conversationId: string): readonly string[] {
  return useOthers("viewing", conversationId);
}

export function usePresence(userId: string): Presence | undefined {
  return useLiveState((state) => state.presence.get(userId));
}

/** What the assistant is writing, or null. */
export function useAssistantDraft(conversationId: string): AssistantDraft | null {
  return useLiveState((state) => state.drafts.get(conversationId) ?? null);
}

/** Changes the draft without following it, so that a letter that is typed draws nothing anew. */
export function useChangeDraft(conversationId: string): (part: Partial<ComposerDraft>) => void {
  const { drafts } = useSession();
  return useCallback(
    (part: Partial<ComposerDraft>) => drafts.change(conversationId, part),
    [drafts, conversationId],
  );
}

/** The unsent words of the user: [draft, change, clear]. */
export function useComposerDraft(
  conversationId: string,
): [ComposerDraft, (change: Partial<ComposerDraft>) => void, () => void] {
  const { drafts } = useSession();
  const draft = useSyncExternalStore(drafts.subscribe, () => drafts.get(conversationId));
  useEffect(() => {
    drafts.load(conversationId).catch(() => {
      // Without a local database the draft lives as long as the page.
    });
  }, [drafts, conversationId]);
  const change = useChangeDraft(conversationId);
  const clear = useCallback(() => drafts.clear(conversationId), [drafts, conversationId]);
  return [draft, change, clear];
}

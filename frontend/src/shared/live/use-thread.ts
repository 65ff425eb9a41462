import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useSession } from "./provider";
import type { LiveState } from "./state/state";
import {
  chainOf,
  findWindow,
  rowsOf,
  type ThreadFocus,
  type ThreadWindow,
} from "./state/thread-rows";
import type { Thread, ThreadRow } from "./types";

interface ThreadView {
  rows: readonly ThreadRow[];
  window: ThreadWindow;
}

/** What the rows of a thread are made of: while all of it is the same, so are the rows. */
function partsOf(state: LiveState, id: string): unknown[] {
  const chain = chainOf(state, id);
  const contactId = state.conversations.get(id)?.row.contact_id;
  return [
    state.sends,
    state.sendOfMessage,
    contactId === undefined ? undefined : state.visits.get(contactId),
    ...chain.flatMap((each) => [state.threads.get(each), state.conversations.get(each)?.row]),
  ];
}

/** Returns how to read the view of a thread from a state, remembering the last one. */
function createView(id: string, focus: ThreadFocus | null): (state: LiveState) => ThreadView {
  let parts: unknown[] = [];
  let view: ThreadView | null = null;
  return (state) => {
    const now = partsOf(state, id);
    if (view && now.length === parts.length && now.every((each, at) => each === parts[at])) {
      return view;
    }
    parts = now;
    const window = findWindow(state, id, focus);
    const rows = rowsOf(state, id, window);
    const old = view;
    const isSame =
      old && rows.length === old.rows.length && rows.every((row, at) => row === old.rows[at]);
    view = { rows: isSame ? old.rows : rows, window };
    return view;
  };
}

/** The messages of a conversation and of the person's earlier ones, as far as they are fetched. */
export function useThread(conversationId: string): Thread {
  const { store, threads } = useSession();
  const [jump, setJump] = useState<{ thread: string; focus: ThreadFocus } | null>(null);
  const focus = jump?.thread === conversationId ? jump.focus : null;
  useEffect(() => threads.mount(conversationId), [threads, conversationId]);
  const read = useMemo(() => createView(conversationId, focus), [conversationId, focus]);
  const { rows, window } = useSyncExternalStore(store.subscribe, () => read(store.state));
  const jumpTo = useCallback(
    async (messageId: string) => {
      const found = await threads.find(conversationId, messageId).catch(() => null);
      if (found) setJump({ thread: conversationId, focus: found });
      return found !== null;
    },
    [threads, conversationId],
  );
  return useMemo(
    () => ({
      rows,
      state: window.isLoaded ? "ready" : window.error ? "error" : "loading",
      error: window.error,
      hasOlder: window.hasOlder,
      hasNewer: window.hasNewer,
      loadOlder: () => void threads.loadOlder(conversationId, focus),
      loadNewer: () => void threads.loadNewer(conversationId, focus),
      jumpTo,
      jumpToEnd: () => setJump(null),
      retry: () => void threads.open(conversationId),
    }),
    [rows, window, threads, conversationId, focus, jumpTo],
  );
}

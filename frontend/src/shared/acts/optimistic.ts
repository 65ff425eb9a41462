import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { type Conversation, useConversation } from "@/shared/live";

export type ConversationPatch = Partial<Conversation>;
interface Expectation {
  patch: ConversationPatch;
  /** The version that the patch was laid over; a newer row is the truth. */
  over: number;
}

// An act whose event never comes, because it changed nothing, is forgotten after this time.
const FORGET_AFTER_MS = 10_000;

// Several acts with one conversation can be on their way; each is taken back by itself.
const expectations = createStore<Record<string, readonly Expectation[]>>(() => ({}));

/** Shows what an act will do before the server has done it. Returns how to take it back. */
export function expectChange(conversation: Conversation, patch: ConversationPatch): () => void {
  const { id, version } = conversation;
  const expectation = { patch, over: version };
  const now = () => expectations.getState()[id] ?? [];
  expectations.setState({ [id]: [...now(), expectation] });
  const forget = () => {
    const rest = now().filter((each) => each !== expectation);
    if (rest.length === now().length) return;
    const { [id]: _changed, ...others } = expectations.getState();
    expectations.setState(rest.length > 0 ? { ...others, [id]: rest } : others, true);
  };
  setTimeout(forget, FORGET_AFTER_MS);
  return forget;
}

/** The row with what is expected laid over it; the same object if nothing is. */
function withExpected(row: Conversation, expected: readonly Expectation[] = []): Conversation {
  const patches = expected.filter((each) => row.version <= each.over).map((each) => each.patch);
  return patches.length > 0 ? Object.assign({}, row, ...patches) : row;
}

/** A conversation as it will be when the acts of this user are done. */
export function useShownConversation(id: string): Conversation | undefined {
  const row = useConversation(id);
  const expected = useStore(expectations, (all) => all[id]);
  return row && withExpected(row, expected);
}

/** The same for a row that the caller has. */
export function useExpected(row: Conversation): Conversation {
  const expected = useStore(expectations, (all) => all[row.id]);
  return withExpected(row, expected);
}

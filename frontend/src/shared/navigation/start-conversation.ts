import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

/** With whom a conversation is to be started; without anybody the dialog asks. */
export interface StartRequest {
  contact?: { id: string; name: string | null; phone: string | null };
}

const store = createStore<{ open: StartRequest | null }>(() => ({ open: null }));

/** Opens the dialog "Novo atendimento", from a page, a list or the command bar. */
export function openStartConversation(request: StartRequest = {}): void {
  store.setState({ open: request });
}

export const closeStartConversation = () => store.setState({ open: null });
export const useStartRequest = () => useStore(store, (state) => state.open);

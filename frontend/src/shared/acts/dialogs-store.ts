import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Conversation } from "@/shared/live";

export type ActDialog = "transfer" | "snooze" | "labels";
interface OpenDialog {
  dialog: ActDialog;
  conversations: readonly Conversation[];
}

const store = createStore<{ open: OpenDialog | null }>(() => ({ open: null }));

/** Opens a dialog of `ActDialogs` for one or many conversations, from a menu, key or command. */
export function openActDialog(dialog: ActDialog, conversations: readonly Conversation[]): void {
  if (conversations.length > 0) store.setState({ open: { dialog, conversations } });
}

export const closeActDialog = () => store.setState({ open: null });
export const useOpenDialog = () => useStore(store, (state) => state.open);

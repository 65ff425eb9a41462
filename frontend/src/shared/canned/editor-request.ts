import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { CannedResponse } from "./queries";

/** What the editor opens with: a response to change, or a text for a new one. */
export type CannedEdit = { response: CannedResponse } | { text: string };

const store = createStore<{ open: CannedEdit | null }>(() => ({ open: null }));

/** Opens the editor of canned responses, which the shell shows, from any feature. */
export const openCannedEditor = (edit: CannedEdit) => store.setState({ open: edit });
export const closeCannedEditor = () => store.setState({ open: null });
export const useCannedEdit = () => useStore(store, (state) => state.open);

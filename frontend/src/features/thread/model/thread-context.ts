import { createContext, useContext } from "react";
import type { Message } from "@/shared/live";

/** What the rows of one thread share. It changes rarely, so that rows stay memoised. */
export interface ThreadContextValue {
  conversationId: string;
  userId: string;
  /** The user may write to the customer in the active conversation. */
  canReply: boolean;
  findMessage(id: string): Message | undefined;
  jumpTo(messageId: string): void;
  /** Opens the viewer at an image or video of the thread. */
  openViewer(messageId: string): void;
  /** Quotes a message in the composer. */
  quote(messageId: string): void;
  nameOf(userId: string): string;
}

export const ThreadContext = createContext<ThreadContextValue | null>(null);

export function useThreadContext(): ThreadContextValue {
  const value = useContext(ThreadContext);
  if (!value) throw new Error("useThreadContext is used outside ThreadPane");
  return value;
}

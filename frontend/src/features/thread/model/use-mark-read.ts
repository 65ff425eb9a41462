import { useEffect } from "react";
import { type Conversation, live, type ThreadRow, useUnread } from "@/shared/live";

/** Marks the newest shown message as read, while the page is visible and has the focus. */
export function useMarkRead(conversation: Conversation, rows: readonly ThreadRow[]): void {
  const unread = useUnread(conversation.id);
  const version = newestVersion(conversation.id, rows);
  useEffect(() => {
    if (unread === 0 || version === null) return;
    const mark = () => {
      if (document.visibilityState === "visible" && document.hasFocus()) {
        live.markRead(conversation.id, version);
      }
    };
    mark();
    window.addEventListener("focus", mark);
    document.addEventListener("visibilitychange", mark);
    return () => {
      window.removeEventListener("focus", mark);
      document.removeEventListener("visibilitychange", mark);
    };
  }, [conversation.id, unread, version]);
}

function newestVersion(conversationId: string, rows: readonly ThreadRow[]): number | null {
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row?.type === "message" && row.conversationId === conversationId) {
      return row.message.version;
    }
  }
  return null;
}

import type { Conversation } from "@/shared/live";

export type ReplyRight = "assistant" | "nobody" | "me" | "colleague" | "snoozed" | "resolved";

/** Who holds the reply right, for the banner above the composer. */
export function replyRightOf(
  conversation: Pick<Conversation, "status" | "agent">,
  userId: string,
): ReplyRight {
  switch (conversation.status) {
    case "pending":
      return "assistant";
    case "resolved":
      return "resolved";
    case "snoozed":
      return conversation.agent === null || conversation.agent === userId ? "snoozed" : "colleague";
    default:
      if (conversation.agent === null) return "nobody";
      return conversation.agent === userId ? "me" : "colleague";
  }
}

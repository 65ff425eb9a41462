import { api, newIdempotencyKey } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";

/**
 * Edits, deletes and reactions of one message. They show when WhatsApp accepts them: the live
 * stream brings the new row. A refusal is said in a toast.
 */
export function useMessageChanges(conversationId: string, messageId: string) {
  const { t } = useTranslation("thread");
  const path = { conversation_id: conversationId, message_id: messageId };
  // Each change has a key of its own: the same key with another text is refused.
  const newParams = () => ({ path, header: { "Idempotency-Key": newIdempotencyKey() } });
  async function settle(call: Promise<unknown>): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (error) {
      toast.error(describeError(error, t));
      return false;
    }
  }
  const base = "/conversations/{conversation_id}/messages/{message_id}" as const;
  return {
    edit: (text: string) => settle(api.PATCH(base, { params: newParams(), body: { text } })),
    remove: () => settle(api.DELETE(base, { params: newParams() })),
    react: (emoji: string) =>
      settle(api.PUT(`${base}/reaction`, { params: newParams(), body: { emoji } })),
  };
}

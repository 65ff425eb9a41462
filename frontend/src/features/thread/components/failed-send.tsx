import { useMutation } from "@tanstack/react-query";
import { api, newIdempotencyKey } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { toast } from "@/shared/ui/feedback/toaster";
import { useThreadContext } from "../model/thread-context";

/** Why a message did not arrive, and what the agent can do about it. */
export function FailedSend({
  conversationId,
  message,
}: {
  conversationId: string;
  message: Message;
}) {
  const { t } = useTranslation("thread");
  const { canReply } = useThreadContext();
  const retry = useMutation({
    mutationFn: () =>
      api.POST("/conversations/{conversation_id}/messages/{message_id}/retry", {
        params: {
          path: { conversation_id: conversationId, message_id: message.id },
          header: { "Idempotency-Key": newIdempotencyKey() },
        },
      }),
    onError: (error) => toast.error(describeError(error, t)),
  });
  const reason = t(`failures.${message.code ?? "unknown"}`, {
    defaultValue: t("failures.unknown", { code: message.code }),
  });
  return (
    <p role="status" className="mt-1 text-right text-danger text-meta">
      {reason}{" "}
      {canReply && message.author === "agent" && (
        <button
          type="button"
          className="font-medium underline disabled:opacity-60"
          disabled={retry.isPending || retry.isSuccess}
          onClick={() => retry.mutate()}
        >
          {t(retry.isSuccess ? "failures.repeated" : "shared:actions.retry")}
        </button>
      )}
    </p>
  );
}

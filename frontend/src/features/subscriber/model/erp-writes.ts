import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { subscriberKey, type WriteResult } from "../queries";

const POLL_MS = 2_000;
const MAX_POLLS = 30;

/** One key for one intention: after a lost answer the same key is sent again, never a new one. */
function useIntentionKey() {
  const key = useRef(newIdempotencyKey());
  return {
    header: () => ({ "Idempotency-Key": key.current }),
    settle: (error: unknown) => {
      const isLost = error instanceof ApiError && error.isUncertain;
      if (!isLost) key.current = newIdempotencyKey();
    },
  };
}

/** Asks until the ERP has confirmed or refused what was sent. */
async function settled(conversationId: string, result: WriteResult): Promise<WriteResult> {
  let current = result;
  for (
    let polls = 0;
    current.outcome === "uncertain" && current.write_id && polls < MAX_POLLS;
    polls += 1
  ) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    current = await unwrap(
      api.GET("/conversations/{conversation_id}/erp-writes/{write_id}", {
        params: { path: { conversation_id: conversationId, write_id: current.write_id } },
      }),
    );
  }
  return current;
}

interface WriteTarget {
  conversationId: string;
  contactId: string;
}

function useErpWrite<Input>(
  { conversationId, contactId }: WriteTarget,
  name: "unlock" | "order",
  post: (input: Input, header: { "Idempotency-Key": string }) => Promise<WriteResult>,
) {
  const { t } = useTranslation("subscriber");
  const queries = useQueryClient();
  const intention = useIntentionKey();
  return useMutation({
    mutationFn: async (input: Input) => {
      const id = `erp-${name}`;
      const result = await post(input, intention.header());
      if (result.outcome === "uncertain") toast.info(t(`${name}.uncertain`), { id });
      return settled(conversationId, result);
    },
    onSettled: (_, error) => {
      intention.settle(error);
      void queries.invalidateQueries({ queryKey: subscriberKey(contactId) });
    },
    onSuccess: (result) => {
      const values = { protocol: result.protocol ?? "—", reason: result.reason ?? "" };
      const text = t(`${name}.${result.outcome}`, values);
      const isDone = result.outcome === "done" || result.outcome === "already_done";
      (isDone ? toast.done : toast.error)(text, { id: `erp-${name}` });
    },
    onError: (error) => toast.error(describeError(error, t)),
  });
}

export function useUnlock(target: WriteTarget) {
  return useErpWrite<{ contractId: string }>(target, "unlock", ({ contractId }, header) =>
    unwrap(
      api.POST("/conversations/{conversation_id}/unlock", {
        params: { path: { conversation_id: target.conversationId }, header },
        body: { contract_id: contractId },
      }),
    ),
  );
}

export const ORDER_CATEGORIES = [
  "sem_conexao",
  "lentidao",
  "los_vermelho",
  "equipamento",
  "outro",
] as const;

export interface OrderInput {
  contractId: string;
  category: (typeof ORDER_CATEGORIES)[number];
  text: string;
}

export function useOpenOrder(target: WriteTarget) {
  return useErpWrite<OrderInput>(target, "order", ({ contractId, category, text }, header) =>
    unwrap(
      api.POST("/conversations/{conversation_id}/orders", {
        params: { path: { conversation_id: target.conversationId }, header },
        body: { contract_id: contractId, category, text },
      }),
    ),
  );
}

export interface InvoiceSend {
  contractId: string;
  invoiceId: string;
  method: "pix" | "boleto" | "both";
}

/** Sends the codes or the PDF of an invoice to the customer, as messages of the agent. */
export function useSendInvoice({ conversationId }: WriteTarget) {
  const { t } = useTranslation("subscriber");
  const intention = useIntentionKey();
  return useMutation({
    mutationFn: ({ contractId, invoiceId, method }: InvoiceSend) =>
      unwrap(
        api.POST("/conversations/{conversation_id}/invoices/{invoice_id}/send", {
          params: {
            path: { conversation_id: conversationId, invoice_id: invoiceId },
            header: intention.header(),
          },
          body: { contract_id: contractId, method, text: "" },
        }),
      ),
    onSettled: (_, error) => intention.settle(error),
    onSuccess: () => toast.done(t("invoices.sent")),
    onError: (error) => toast.error(describeError(error, t)),
  });
}

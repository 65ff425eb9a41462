import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { labelsQuery } from "@/shared/api/labels";
import type { components } from "@/shared/api/schema.gen";
import {
  type Contact,
  contactListKey,
  contactQuery,
  storeContact,
} from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { live } from "@/shared/live";
import { toast } from "@/shared/ui/feedback/toaster";

type ContactChange = components["schemas"]["UpdateContactRequest"];

export interface ChangeTarget {
  contactId: string;
  /** The conversation on the screen: it shows the name and the block too. */
  conversationId: string | null;
}

const pathOf = (contactId: string) => ({ params: { path: { contact_id: contactId } } });

/** The live stream does not tell of a changed contact, so the open conversation is read again. */
async function refreshConversation(conversationId: string | null): Promise<void> {
  if (!conversationId) return;
  try {
    const path = { conversation_id: conversationId };
    live.upsertConversation(
      await unwrap(api.GET("/conversations/{conversation_id}", { params: { path } })),
    );
  } catch {
    // The contact is changed all the same; the conversation follows with its next event.
  }
}

/** Changes fields of a contact. Errors belong beside the field, so the caller shows them. */
export function useChangeContact({ contactId, conversationId }: ChangeTarget) {
  const queries = useQueryClient();
  return useMutation({
    scope: { id: `contact-${contactId}` },
    mutationFn: (change: ContactChange) =>
      unwrap(api.PATCH("/contacts/{contact_id}", { ...pathOf(contactId), body: change })),
    onSuccess: (contact, change) => {
      storeContact(queries, contact);
      if ("name" in change) void refreshConversation(conversationId);
      // The ERP is searched by the document.
      if ("document" in change) {
        void queries.invalidateQueries({ queryKey: ["subscribers", contactId] });
      }
    },
  });
}

type LabelChange = (labels: readonly string[]) => string[];

/** Changes the labels: shown at once, sent one after the other, each time the whole list. */
export function useChangeLabels(contactId: string) {
  const { t } = useTranslation("contact");
  const queries = useQueryClient();
  const { queryKey } = contactQuery(contactId);
  return useMutation({
    scope: { id: `contact-labels-${contactId}` },
    onMutate: async (change: LabelChange) => {
      await queries.cancelQueries({ queryKey, exact: true });
      queries.setQueryData(queryKey, (old) => old && { ...old, labels: change(old.labels).sort() });
    },
    mutationFn: (_change: LabelChange) => {
      const labels = queries.getQueryData(queryKey)?.labels ?? [];
      return unwrap(
        api.PUT("/contacts/{contact_id}/labels", { ...pathOf(contactId), body: { labels } }),
      );
    },
    onSuccess: (contact) => {
      // A later change is already shown and on its way.
      if (isLast(queries, contactId)) storeContact(queries, contact);
      void queries.invalidateQueries(labelsQuery);
    },
    onError: (error) => {
      toast.error(t("labels.failed"), { description: describeError(error, t) });
      void queries.invalidateQueries({ queryKey, exact: true });
    },
  });
}

function isLast(queries: QueryClient, contactId: string): boolean {
  const scope = `contact-labels-${contactId}`;
  return queries.isMutating({ predicate: (each) => each.options.scope?.id === scope }) <= 1;
}

/** Blocks or unblocks a contact. */
export function useBlockContact({ contactId, conversationId }: ChangeTarget) {
  const { t } = useTranslation("contact");
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (block: boolean): Promise<{ contact: Contact; stillOpen: number }> => {
      if (!block) {
        const contact = await unwrap(api.POST("/contacts/{contact_id}/unblock", pathOf(contactId)));
        return { contact, stillOpen: 0 };
      }
      const { open_conversations, ...contact } = await unwrap(
        api.POST("/contacts/{contact_id}/block", pathOf(contactId)),
      );
      return { contact, stillOpen: open_conversations.length };
    },
    onSuccess: ({ contact, stillOpen }) => {
      storeContact(queries, contact);
      void queries.invalidateQueries({ queryKey: contactListKey, refetchType: "none" });
      void refreshConversation(conversationId);
      toast.done(
        t(contact.blocked ? "block.done" : "unblock.done"),
        stillOpen > 0 ? { description: t("block.still_open", { count: stillOpen }) } : {},
      );
    },
    onError: (error) => toast.error(t("block.failed"), { description: describeError(error, t) }),
  });
}

import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

type Schemas = components["schemas"];
export type Subscribers = Schemas["SubscriberListResponse"];
export type Subscriber = Schemas["SubscriberResponse"];
export type Contract = Schemas["ContractResponse"];
export type OpenInvoice = Schemas["OpenInvoiceResponse"];
export type WriteResult = Schemas["ErpWriteResponse"];

/** The server caches the ERP's answers; asking it again is cheap, but not on every glance. */
const STALE_MS = 60_000;

export const subscriberKey = (contactId: string) => ["subscribers", contactId] as const;

export function subscribersQuery(contactId: string) {
  return queryOptions({
    queryKey: subscriberKey(contactId),
    queryFn: () =>
      unwrap(
        api.GET("/contacts/{contact_id}/subscribers", {
          params: { path: { contact_id: contactId } },
        }),
      ),
    staleTime: STALE_MS,
    // The ERP was down: look again when it asked for it.
    refetchInterval: ({ state }) =>
      state.data?.status === "unavailable" ? (state.data.retry_after_s ?? 30) * 1000 : false,
  });
}

/** Reads everything of the subscriber anew, past the server's cache. */
export function refreshSubscribers(contactId: string): Promise<Subscribers> {
  return unwrap(
    api.GET("/contacts/{contact_id}/subscribers", {
      params: { path: { contact_id: contactId }, query: { refresh: true } },
    }),
  );
}

const pathOf = (contactId: string, contractId: string) => ({
  path: { contact_id: contactId, contract_id: contractId },
});
const keyOf = (contactId: string, contractId: string, part: string) =>
  [...subscriberKey(contactId), contractId, part] as const;

export function invoicesQuery(contactId: string, contractId: string) {
  return queryOptions({
    queryKey: keyOf(contactId, contractId, "invoices"),
    queryFn: () =>
      unwrap(
        api.GET("/contacts/{contact_id}/contracts/{contract_id}/invoices", {
          params: pathOf(contactId, contractId),
        }),
      ),
    staleTime: STALE_MS,
  });
}

export function connectionQuery(contactId: string, contractId: string) {
  return queryOptions({
    queryKey: keyOf(contactId, contractId, "connection"),
    queryFn: () =>
      unwrap(
        api.GET("/contacts/{contact_id}/contracts/{contract_id}/connection", {
          params: pathOf(contactId, contractId),
        }),
      ),
    staleTime: STALE_MS,
  });
}

export function maintenanceQuery(contactId: string, contractId: string) {
  return queryOptions({
    queryKey: keyOf(contactId, contractId, "maintenance"),
    queryFn: () =>
      unwrap(
        api.GET("/contacts/{contact_id}/contracts/{contract_id}/maintenance", {
          params: pathOf(contactId, contractId),
        }),
      ),
    staleTime: STALE_MS,
  });
}

export function ordersQuery(contactId: string, contractId: string) {
  return queryOptions({
    queryKey: keyOf(contactId, contractId, "orders"),
    queryFn: () =>
      unwrap(
        api.GET("/contacts/{contact_id}/contracts/{contract_id}/orders", {
          params: pathOf(contactId, contractId),
        }),
      ),
    staleTime: STALE_MS,
  });
}

export function invoiceCodes(contactId: string, contractId: string, invoiceId: string) {
  return unwrap(
    api.GET("/contacts/{contact_id}/contracts/{contract_id}/invoices/{invoice_id}/codes", {
      params: {
        path: { contact_id: contactId, contract_id: contractId, invoice_id: invoiceId },
      },
    }),
  );
}

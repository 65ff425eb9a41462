import { type InfiniteData, type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

type Schemas = components["schemas"];
export type Contact = Schemas["ContactResponse"];
export type ContactPage = Schemas["CursorPage_ContactResponse_"];

const MINUTE = 60_000;

/** The key of all lists of contacts; a search adds its words. */
export const contactListKey = ["contacts", "list"] as const;

export function contactQuery(contactId: string) {
  return queryOptions({
    queryKey: ["contact", contactId] as const,
    queryFn: () =>
      unwrap(api.GET("/contacts/{contact_id}", { params: { path: { contact_id: contactId } } })),
    staleTime: MINUTE,
  });
}

/** Shows a contact as the server has just returned it, in its own view and in all lists. */
export function storeContact(queries: QueryClient, contact: Contact): void {
  queries.setQueryData(contactQuery(contact.id).queryKey, contact);
  queries.setQueriesData<InfiniteData<ContactPage>>({ queryKey: contactListKey }, (lists) =>
    lists ? { ...lists, pages: lists.pages.map((page) => replaced(page, contact)) } : lists,
  );
}

function replaced(page: ContactPage, contact: Contact): ContactPage {
  return { ...page, items: page.items.map((each) => (each.id === contact.id ? contact : each)) };
}

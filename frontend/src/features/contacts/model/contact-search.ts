import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import { contactListKey } from "@/shared/contacts/contact-queries";
import { dialledPhone } from "@/shared/format/phone";

const PAGE = 100;
const WRITTEN_TAX_ID = /^(\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}|\d{14})$/;

/**
 * True for a CPF or CNPJ. Eleven digits are one only if they are no phone number. It is searched with
 * its own route and stays out of addresses, because addresses are logged.
 */
export function isTaxId(text: string): boolean {
  return WRITTEN_TAX_ID.test(text) || (/^\d{11}$/.test(text) && dialledPhone(text) === null);
}

export interface ContactSearch {
  text: string;
  labels: readonly string[];
}

/** Contacts by name; with a text those whose name, phone number, CPF or CNPJ it is. */
export function contactListQuery({ text, labels }: ContactSearch) {
  return infiniteQueryOptions({
    queryKey: [...contactListKey, text, ...labels],
    queryFn: ({ pageParam }) => {
      if (isTaxId(text)) return unwrap(api.POST("/contacts/lookup", { body: { document: text } }));
      const query = {
        limit: PAGE,
        ...(text ? { q: text } : {}),
        ...(labels.length > 0 ? { label: [...labels] } : {}),
        ...(pageParam === null ? {} : { cursor: pageParam }),
      };
      return unwrap(api.GET("/contacts", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
}

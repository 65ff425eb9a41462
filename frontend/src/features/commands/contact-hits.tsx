import { keepPreviousData, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command as Bar } from "cmdk";
import { useDeferredValue, useEffect, useState } from "react";
import { api, unwrap } from "@/shared/api/client";
import { formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Avatar } from "@/shared/ui/display/avatar";
import { barGroup, barItem } from "./command-bar-styles";

const MIN_LENGTH = 2;
const PAUSE_MS = 200;
const MAX_HITS = 6;

/** The text once the user has paused typing. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return useDeferredValue(settled);
}

/** Contacts by a word of the name, or by the beginning of a phone number. */
function contactsQuery(search: string) {
  return queryOptions({
    queryKey: ["contacts", "hits", search],
    queryFn: () =>
      unwrap(api.GET("/contacts", { params: { query: { q: search, limit: MAX_HITS } } })),
    enabled: search.length >= MIN_LENGTH,
    placeholderData: keepPreviousData,
  });
}

/** The conversation of a contact to open: the latest. Null: there is none yet. */
function latestConversationQuery(contactId: string) {
  return queryOptions({
    queryKey: ["contacts", contactId, "latest-conversation"],
    queryFn: async () => {
      const path = { contact_id: contactId };
      const page = await unwrap(
        api.GET("/contacts/{contact_id}/conversations", {
          params: { path, query: { limit: 1 } },
        }),
      );
      return page.items[0]?.id ?? null;
    },
    staleTime: 0,
  });
}

export interface ContactHitsProps {
  search: string;
  onOpen: () => void;
}

/** People whom the typed text finds. Opening one opens the latest conversation. */
export function ContactHits({ search, onOpen }: ContactHitsProps) {
  const { t } = useTranslation("commands");
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const text = useSettled(search.trim());
  const { data } = useQuery(contactsQuery(text));
  if (text.length < MIN_LENGTH || !data || data.items.length === 0) return null;
  const open = async (contactId: string) => {
    onOpen();
    const id = await queryClient.fetchQuery(latestConversationQuery(contactId)).catch(() => null);
    if (id) await navigate({ to: "/atendimentos/$id", params: { id } });
    else await navigate({ to: "/contatos/$id", params: { id: contactId } });
  };
  return (
    <Bar.Group heading={t("groups.contacts")} className={barGroup}>
      {data.items.map((contact) => (
        <Bar.Item
          key={contact.id}
          value={`contact ${contact.id}`}
          onSelect={() => open(contact.id)}
          className={barItem}
        >
          <Avatar name={contact.name} seed={contact.id} size="small" />
          <span className="min-w-0 flex-1 truncate">{contact.name ?? t("no_name")}</span>
          {contact.phone && (
            <span className="text-meta text-text-3 tabular-nums">{formatPhone(contact.phone)}</span>
          )}
        </Bar.Item>
      ))}
    </Bar.Group>
  );
}

import { api, unwrap } from "@/shared/api/client";
import { createSources, createSpec, type ListQuery } from "./state/list-spec";
import type { MessagePage } from "./state/threads";
import type { Conversation, Counts, ListFilter, ListSort, Presence } from "./types";

export interface Page<Row> {
  items: Row[];
  next_cursor?: string | null;
}

/** Where a page of messages is: at a cursor, around a message, or at the end. */
export type MessagePlace = { cursor: string } | { around: string } | null;

/** The routes of the server that the live state reads. Tests have one of their own. */
export interface LiveApi {
  listConversations(query: ListQuery, cursor: string | null): Promise<Page<Conversation>>;
  getConversation(id: string): Promise<Conversation>;
  listMessages(id: string, place: MessagePlace, limit: number): Promise<MessagePage>;
  listVisits(contactId: string, cursor: string | null): Promise<Page<Conversation>>;
  getCounts(): Promise<Counts>;
  getUnread(): Promise<Map<string, number>>;
  getPresence(): Promise<Map<string, Presence>>;
}

const LIST_LIMIT = 50;
const VISIT_LIMIT = 100;

function pageQuery(cursor: string | null, limit: number) {
  return { limit, ...(cursor === null ? {} : { cursor }) };
}

function listConversations(query: ListQuery, cursor: string | null): Promise<Page<Conversation>> {
  const params = { query: { ...query, ...pageQuery(cursor, LIST_LIMIT) } };
  return unwrap(api.GET("/conversations", { params }));
}

/** First pages that were asked for before their list was shown. Each serves once. */
const early = new Map<string, Promise<Page<Conversation>>>();

/**
 * Asks for the first pages of a list that the page will show as soon as it is drawn. They may be older than
 * the stream: its beginning is a gap, after which every list is fetched again.
 */
export function fetchListEarly(filter: ListFilter, sort: ListSort, userId: string): void {
  for (const { query } of createSources(createSpec(filter, sort, userId))) {
    const page = listConversations(query, null);
    page.catch(() => undefined); // who takes it is told
    early.set(JSON.stringify(query), page);
  }
}

/** Nobody else who signs in on this page may be shown them. */
export function forgetEarlyPages(): void {
  early.clear();
}

/** The real server. */
export const serverApi: LiveApi = {
  listConversations(query, cursor) {
    const key = JSON.stringify(query);
    const page = cursor === null ? early.get(key) : undefined;
    early.delete(key);
    return page ?? listConversations(query, cursor);
  },
  getConversation: (id) =>
    unwrap(
      api.GET("/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }),
    ),
  async listMessages(id, place, limit) {
    const page = await unwrap(
      api.GET("/conversations/{conversation_id}/messages", {
        params: { path: { conversation_id: id }, query: { limit, ...place } },
      }),
    );
    const { items, activities, older = null, newer = null } = page;
    return { rows: items, activities, older, newer } as MessagePage;
  },
  listVisits: (contactId, cursor) =>
    unwrap(
      api.GET("/contacts/{contact_id}/conversations", {
        params: { path: { contact_id: contactId }, query: pageQuery(cursor, VISIT_LIMIT) },
      }),
    ),
  async getCounts() {
    const counts = await unwrap(api.GET("/conversations/counts"));
    const { with_assistant: assistant, ...others } = counts;
    return { ...others, assistant };
  },
  async getUnread() {
    const rows = await unwrap(api.GET("/conversations/unread"));
    return new Map(rows.map((row) => [row.conversation_id, row.unread]));
  },
  async getPresence() {
    const rows = await unwrap(api.GET("/presence"));
    return new Map(rows.map((row) => [row.user_id, { state: row.state, reason: row.reason }]));
  },
};

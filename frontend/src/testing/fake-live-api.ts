import { ApiError } from "@/shared/api/problem";
import type { EventFrame } from "@/shared/live/frames.gen";
import type { LiveApi, MessagePlace, Page } from "@/shared/live/live-api";
import { compareIn, createSpec, type ListQuery, matchesList } from "@/shared/live/state/list-spec";
import type { MessagePage } from "@/shared/live/state/threads";
import type { Conversation, Message } from "@/shared/live/types";
import { buildConversation, buildEvent, buildMessage, ME, serverTime } from "./live-builders";

/** A server in memory: its lists, its messages, and the events of its log. */
export class FakeLiveApi implements LiveApi {
  readonly rows = new Map<string, Conversation>();
  readonly messages = new Map<string, Message[]>();
  readonly log: EventFrame[] = [];
  readonly calls: string[] = [];
  unread = new Map([["a", 2]]);
  private clock = 0;

  /** Adds or changes a conversation, with a customer's message. */
  write(id: string, text: string, part: Partial<Conversation> = {}): EventFrame {
    this.clock += 1;
    const old = this.rows.get(id);
    const version = (old?.version ?? 0) + 1;
    const changed_at = serverTime(this.clock * 1000);
    const opened_at = old?.opened_at ?? changed_at;
    const row = { ...(old ?? buildConversation(id)), opened_at, ...part, version, changed_at };
    const message = buildMessage(`${id}-m${version}`, version, { text, sent_at: changed_at });
    this.rows.set(id, row);
    this.messages.set(id, [...(this.messages.get(id) ?? []), message]);
    const event = buildEvent(this.clock, row, { message });
    this.log.push(event);
    return event;
  }

  async listConversations(query: ListQuery, cursor: string | null): Promise<Page<Conversation>> {
    this.calls.push(`list ${query.sort}`);
    const { sort, status = [] } = query;
    const spec = createSpec({ status, ...(query.agent ? { agent: query.agent } : {}) }, sort, ME);
    const rows = [...this.rows.values()]
      .filter((row) => matchesList(spec, row))
      .filter((row) => sort !== "waiting" || row.waiting_since !== null)
      .filter((row) => sort !== "due" || row.sla !== null)
      .sort(compareIn(spec));
    const from = Number(cursor ?? 0);
    const next_cursor = from + 100 < rows.length ? String(from + 100) : null;
    return { items: rows.slice(from, from + 100), next_cursor };
  }

  async getConversation(id: string): Promise<Conversation> {
    this.calls.push(`conversation ${id}`);
    const row = this.rows.get(id);
    if (!row) throw new ApiError(404, { code: "not_found" });
    return row;
  }

  async listMessages(id: string, place: MessagePlace, limit: number): Promise<MessagePage> {
    this.calls.push(`messages ${id}`);
    const all = this.messages.get(id) ?? [];
    let end = all.length;
    if (place && "cursor" in place) end = Number(place.cursor);
    if (place && "around" in place) {
      const at = all.findIndex((each) => each.id === place.around);
      if (at < 0) throw new ApiError(404, { code: "not_found" });
      end = Math.min(all.length, at + Math.ceil(limit / 2));
    }
    const start = Math.max(0, end - limit);
    const older = start > 0 ? String(start) : null;
    const newer = end < all.length ? String(Math.min(all.length, end + limit)) : null;
    return { rows: all.slice(start, end).reverse(), activities: [], older, newer };
  }

  async listVisits(contactId: string): Promise<Page<Conversation>> {
    const items = [...this.rows.values()].filter((row) => row.contact_id === contactId);
    return { items: items.sort((a, b) => b.opened_at.localeCompare(a.opened_at)) };
  }

  async getCounts() {
    this.calls.push("counts");
    const all = this.rows.size;
    const none = {};
    return {
      ...{ mine: 0, unassigned: 0, assistant: all, all },
      ...{ statuses: none, teams: none, agents: none, channels: none, labels: none },
      priorities: none,
    };
  }

  async getUnread() {
    return this.unread;
  }

  async getPresence() {
    return new Map();
  }
}

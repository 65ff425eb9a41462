import { ApiError } from "@/shared/api/problem";
import type { MessagePlace, Page } from "../live-api";
import { olderCursor, tailOf } from "../state/message-blocks";
import { chainOf, findWindow, type ThreadFocus } from "../state/thread-rows";
import { type MessagePage, UNKNOWN_CURSOR } from "../state/threads";
import type { Conversation } from "../types";
import type { LiveStore } from "./live-store";

const PAGE = 50;
const LARGE_PAGE = 200;
/** Threads that are kept though no screen shows them, and their messages. */
const MAX_IDLE = 10;
const MAX_IDLE_MESSAGES = 3_000;
/** Messages that are fetched again after a gap, if so many were there. */
const MAX_REFETCHED = 600;
/** A thread that opens shows at least so many messages, if there are earlier conversations. */
const MIN_MESSAGES = 25;
/** Pages through which a message is looked for. */
const MAX_JUMP_PAGES = 40;

interface ThreadApi {
  getConversation(id: string): Promise<Conversation>;
  listMessages(id: string, place: MessagePlace, limit: number): Promise<MessagePage>;
  listVisits(contactId: string, cursor: string | null): Promise<Page<Conversation>>;
}

/** Fetches conversations and the messages of the threads that screens show. */
export class ThreadLoader {
  private readonly mounted = new Map<string, number>();
  private idle: string[] = [];
  private readonly loading = new Map<string, Promise<void>>();

  constructor(
    private readonly store: LiveStore,
    private readonly api: ThreadApi,
    private readonly anchored: () => Promise<void>,
  ) {}

  get isBusy(): boolean {
    return this.loading.size > 0;
  }

  /** Shows the thread of a conversation. Returns how to let go of it. */
  mount(id: string): () => void {
    this.mounted.set(id, (this.mounted.get(id) ?? 0) + 1);
    this.idle = this.idle.filter((each) => each !== id);
    void this.open(id);
    return () => this.release(id);
  }

  /** Fetches a thread that will probably be shown soon. */
  prefetch(id: string): void {
    if (!this.mounted.has(id) && !this.idle.includes(id)) this.mount(id)();
  }

  /** Fetches a conversation that is not known, or was not confirmed since the last gap. */
  async fetchConversation(id: string): Promise<void> {
    const { epoch, step, conversations } = this.store.state;
    if (conversations.get(id)?.epoch === epoch) return;
    await this.once(`conversation ${id}`, async () => {
      try {
        const row = await this.api.getConversation(id);
        this.store.dispatch({ type: "conversations", rows: [row], since: step });
        this.store.dispatch({ type: "conversation_failed", id, error: undefined });
      } catch (error) {
        const isGone = error instanceof ApiError && error.status === 404;
        if (isGone) this.store.dispatch({ type: "gone", conversationId: id });
        else this.store.dispatch({ type: "conversation_failed", id, error });
      }
    });
  }

  /** Fetches what a thread shows first, also if it was shown before: some changes have no event. */
  async open(id: string): Promise<void> {
    await this.once(id, async () => {
      await this.fetchConversation(id);
      if (this.store.state.hidden.has(id)) return;
      await this.refetch(id);
      await this.fetchVisits(id);
      const window = findWindow(this.store.state, id, null);
      const count = window.segments.reduce((sum, { block }) => sum + block.ids.length, 0);
      if (count < MIN_MESSAGES && window.hasOlder) await this.fetchOlder(id, null, PAGE);
    });
  }

  async loadOlder(id: string, focus: ThreadFocus | null): Promise<void> {
    await this.once(id, () => this.fetchOlder(id, focus, PAGE));
  }

  async loadNewer(id: string, focus: ThreadFocus | null): Promise<void> {
    await this.once(id, () => this.fetchNewer(id, focus));
  }

  /**
   * Looks for a message in the conversations of the thread, newest first, and fetches its
   * surroundings. Returns where it is.
   */
  async find(id: string, messageId: string): Promise<ThreadFocus | null> {
    await this.loading.get(id);
    for (let visits = 0; visits < MAX_JUMP_PAGES; visits++) {
      const chain = chainOf(this.store.state, id).reverse();
      const known = chain.find((each) => this.hasMessage(each, messageId));
      if (known) return { conversationId: known, messageId };
      for (const conversationId of chain) {
        if (await this.findIn(conversationId, messageId)) return { conversationId, messageId };
      }
      const before = chain.length;
      await this.fetchVisits(id).catch(() => undefined);
      if (chainOf(this.store.state, id).length === before) return null;
    }
    return null;
  }

  private hasMessage(conversationId: string, messageId: string): boolean {
    const blocks = this.store.state.threads.get(conversationId)?.blocks ?? [];
    return blocks.some((block) => block.ids.includes(messageId));
  }

  private async findIn(conversationId: string, messageId: string): Promise<boolean> {
    try {
      await this.fetchPage(conversationId, { around: messageId }, PAGE, undefined);
      return this.hasMessage(conversationId, messageId);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  /** After a gap: fetches again what is shown, and forgets the other threads. */
  refetchAll(): void {
    for (const id of this.idle.splice(0)) this.forget(id);
    for (const id of this.mounted.keys()) {
      // One that is being opened is fetched again when that has ended.
      if (this.store.state.threads.get(id)?.loaded) void this.reopen(id);
    }
  }

  retryFailed(): void {
    for (const id of this.mounted.keys()) {
      const thread = this.store.state.threads.get(id);
      if (!thread?.loaded || thread.error) void this.open(id);
    }
  }

  private async reopen(id: string): Promise<void> {
    await this.loading.get(id);
    const chain = chainOf(this.store.state, id);
    await this.open(id);
    for (const earlier of chain.slice(0, -1)) {
      if (!this.store.state.threads.has(earlier)) continue;
      await this.once(earlier, () => this.refetch(earlier));
    }
  }

  /** Fetches the newest messages; after a gap as far up as they were there. */
  private async refetch(conversationId: string): Promise<void> {
    this.store.dispatch({ type: "thread_opened", id: conversationId });
    const { epoch, step: since, threads } = this.store.state;
    const blocks = threads.get(conversationId)?.blocks ?? [];
    if (tailOf(blocks)) {
      await this.fetchPage(conversationId, null, PAGE, undefined);
      return;
    }
    const known = blocks.at(-1)?.ids.length ?? 0;
    const wanted = Math.min(known, MAX_REFETCHED);
    const pages: MessagePage[] = [];
    let place: MessagePlace = null;
    let count = 0;
    do {
      const limit: number = wanted - count > PAGE ? LARGE_PAGE : PAGE;
      const page: MessagePage = await this.api.listMessages(conversationId, place, limit);
      pages.push(page);
      place = page.older === null ? null : { cursor: page.older };
      count += page.rows.length;
    } while (place !== null && count < wanted);
    if (this.store.state.epoch !== epoch) return; // the gap fetches it again
    this.store.dispatch({ type: "thread_reset", id: conversationId, pages, since });
  }

  private async fetchVisits(id: string): Promise<void> {
    const contactId = this.store.state.conversations.get(id)?.row.contact_id;
    if (contactId === undefined) return;
    const visits = this.store.state.visits.get(contactId);
    if (visits && visits.cursor === null && visits.ids.includes(id)) return;
    const since = this.store.state.step;
    const page = await this.listVisits(contactId, visits?.cursor ?? null);
    const cursor = page.next_cursor ?? null;
    this.store.dispatch({ type: "visits", contactId, rows: page.items, cursor, since });
  }

  /** Without the permission to read contacts, the thread is that of one conversation. */
  private async listVisits(contactId: string, cursor: string | null): Promise<Page<Conversation>> {
    try {
      return await this.api.listVisits(contactId, cursor);
    } catch (error) {
      if (error instanceof ApiError && [403, 404].includes(error.status)) return { items: [] };
      throw error;
    }
  }

  private async fetchOlder(id: string, focus: ThreadFocus | null, limit: number): Promise<void> {
    const window = findWindow(this.store.state, id, focus);
    const [top] = window.segments;
    if (!top || !window.hasOlder) return;
    const cursor = olderCursor(top.block);
    if (cursor === null) await this.fetchEarlierVisit(id, top.conversationId);
    else await this.fetchPage(top.conversationId, { cursor }, limit, top.block.ids[0]);
  }

  /** Fetches what follows a part that was jumped to. */
  private async fetchNewer(id: string, focus: ThreadFocus | null): Promise<void> {
    const window = findWindow(this.store.state, id, focus);
    const bottom = window.segments.at(-1);
    if (!bottom || !window.hasNewer) return;
    const { newer, ids } = bottom.block;
    if (newer === UNKNOWN_CURSOR) await this.refetch(bottom.conversationId);
    else if (newer !== null) {
      await this.fetchPage(bottom.conversationId, { cursor: newer }, PAGE, ids.at(-1));
    } else await this.fetchNextVisit(id, bottom.conversationId);
  }

  private async fetchNextVisit(id: string, bottom: string): Promise<void> {
    const chain = chainOf(this.store.state, id);
    const next = chain[chain.indexOf(bottom) + 1];
    if (next === undefined) return;
    const thread = this.store.state.threads.get(next);
    const [first] = thread?.blocks ?? [];
    // The conversation is walked upwards from what is known of it, until it meets its beginning.
    const cursor = first && olderCursor(first);
    if (!thread?.loaded || !first) await this.refetch(next);
    else if (cursor) await this.fetchPage(next, { cursor }, LARGE_PAGE, first.ids[0]);
  }

  private async fetchPage(
    id: string,
    place: MessagePlace,
    limit: number,
    adjacent: string | undefined,
  ): Promise<boolean> {
    this.store.dispatch({ type: "thread_opened", id });
    const { step: since, epoch } = this.store.state;
    const page = await this.api.listMessages(id, place, limit);
    if (this.store.state.epoch !== epoch) return false; // the gap fetches it again
    const input = { type: "thread_page" as const, id, page, since };
    this.store.dispatch(adjacent === undefined ? input : { ...input, adjacent });
    return true;
  }

  private async fetchEarlierVisit(id: string, top: string): Promise<void> {
    let chain = chainOf(this.store.state, id);
    if (chain.indexOf(top) === 0) {
      await this.fetchVisits(id);
      chain = chainOf(this.store.state, id);
    }
    const earlier = chain[chain.indexOf(top) - 1];
    if (earlier !== undefined) await this.refetch(earlier);
  }

  /** One piece of work on a thread at a time; its error is shown in the thread. */
  private async once(key: string, work: () => Promise<void>): Promise<void> {
    const running = this.loading.get(key);
    if (running) return running;
    let epoch = 0;
    const done = this.anchored()
      .then(() => {
        epoch = this.store.state.epoch;
        return work();
      })
      .catch((error) => this.store.dispatch({ type: "thread_failed", id: key, error }))
      .finally(() => this.loading.delete(key));
    this.loading.set(key, done);
    await done;
    if (this.store.state.epoch !== epoch && this.mounted.has(key)) await this.reopen(key);
  }

  private release(id: string): void {
    const left = (this.mounted.get(id) ?? 1) - 1;
    if (left > 0) {
      this.mounted.set(id, left);
      return;
    }
    this.mounted.delete(id);
    this.idle.push(id);
    for (const each of chainOf(this.store.state, id)) {
      this.trim(each, MAX_IDLE_MESSAGES);
    }
    const dropped = this.idle.length > MAX_IDLE ? this.idle.shift() : undefined;
    if (dropped !== undefined) this.forget(dropped);
  }

  private forget(id: string): void {
    for (const each of chainOf(this.store.state, id)) this.trim(each, 0);
  }

  /** Conversations of a person appear in several threads; those of a shown one stay whole. */
  private trim(conversationId: string, keep: number): void {
    const used = keep === 0 ? [...this.mounted.keys(), ...this.idle] : [...this.mounted.keys()];
    const isUsed = used.some((id) => chainOf(this.store.state, id).includes(conversationId));
    if (!isUsed) this.store.dispatch({ type: "thread_trimmed", id: conversationId, keep });
  }
}

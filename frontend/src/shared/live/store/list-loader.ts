import type { Page } from "../live-api";
import { createSources, type ListQuery, type ListSpec, nextSources } from "../state/list-spec";
import type { ListPage } from "../state/reducer";
import type { Conversation } from "../types";
import type { LiveStore } from "./live-store";

/** Lists that no screen shows and that are kept up to date all the same. */
const MAX_IDLE = 8;
/** A list that is fetched again is fetched as far as it was shown, but no further than this. */
const MAX_REFETCHED = 1_000;
/** One step of scrolling shows at least so many rows more. */
const MIN_ADDED = 20;
const MAX_PAGES = 10;

interface ListApi {
  listConversations(query: ListQuery, cursor: string | null): Promise<Page<Conversation>>;
}

/** Fetches the pages of the lists that screens show. */
export class ListLoader {
  private readonly mounted = new Map<string, number>();
  private idle: string[] = [];
  private readonly loading = new Set<string>();

  constructor(
    private readonly store: LiveStore,
    private readonly api: ListApi,
  ) {}

  get isBusy(): boolean {
    return this.loading.size > 0;
  }

  /** Shows a list. Returns how to let go of it. */
  mount(spec: ListSpec): () => void {
    const { key } = spec;
    this.mounted.set(key, (this.mounted.get(key) ?? 0) + 1);
    this.idle = this.idle.filter((each) => each !== key);
    this.store.dispatch({ type: "list_opened", spec });
    if (!this.store.state.lists.get(key)?.loaded) void this.load(key);
    return () => this.release(key);
  }

  /** Fetches the next page, or the first one. */
  async load(key: string): Promise<void> {
    await this.once(key, async () => {
      const shown = this.store.state.lists.get(key)?.ids.length ?? 0;
      for (let page = 0; page < MAX_PAGES; page++) {
        const list = this.store.state.lists.get(key);
        if (!list || (!list.error && list.loaded && list.ids.length >= shown + MIN_ADDED)) return;
        if (list.sources.every((each) => each.done)) return;
        if (!(await this.loadPage(key))) return;
      }
    });
  }

  /** After a gap: fetches again what is shown, and forgets the other lists. */
  refetchAll(): void {
    for (const key of this.idle) this.store.dispatch({ type: "list_closed", key });
    this.idle = [];
    for (const key of this.mounted.keys()) void this.refetch(key);
  }

  /** Tries again what could not be fetched, for example when the line is back. */
  retry(key: string): void {
    const list = this.store.state.lists.get(key);
    if (list?.loaded && list.epoch !== this.store.state.epoch) void this.refetch(key);
    else void this.load(key);
  }

  retryFailed(): void {
    for (const key of this.mounted.keys()) {
      if (this.store.state.lists.get(key)?.error) this.retry(key);
    }
  }

  private async refetch(key: string): Promise<void> {
    await this.once(key, async () => {
      const { epoch, lists } = this.store.state;
      const list = lists.get(key);
      if (!list) return;
      const pages: ListPage[] = [];
      const wanted = Math.min(list.ids.length, MAX_REFETCHED);
      const sources = createSources(list.spec);
      let found = 0;
      do {
        const open = nextSources({ ...list, sources });
        for (const at of open) {
          const page = await this.fetch(sources[at], at);
          if (!page) return;
          pages.push(page);
          found += page.rows.length;
          const source = sources[at];
          if (source) sources[at] = { ...source, cursor: page.cursor, done: page.cursor === null };
        }
      } while (found < wanted && sources.some((each) => !each.done));
      if (this.store.state.epoch === epoch) this.store.dispatch({ type: "list_reset", key, pages });
    });
  }

  private async fetch(
    source: { query: ListQuery; cursor: string | null } | undefined,
    at: number,
  ): Promise<ListPage | undefined> {
    if (!source) return undefined;
    const since = this.store.state.step;
    const page = await this.api.listConversations(source.query, source.cursor);
    return { source: at, rows: page.items, cursor: page.next_cursor ?? null, since };
  }

  private async loadPage(key: string): Promise<boolean> {
    const { epoch, lists } = this.store.state;
    const list = lists.get(key);
    if (!list) return false;
    const wanted = nextSources(list);
    const pages = await Promise.all(wanted.map((at) => this.fetch(list.sources[at], at)));
    if (this.store.state.epoch !== epoch) return false; // the gap fetches everything again
    const found = pages.flatMap((page) => page ?? []);
    if (list.epoch !== epoch) this.store.dispatch({ type: "list_reset", key, pages: found });
    else for (const page of found) this.store.dispatch({ type: "list_page", key, page });
    return true;
  }

  /** One request for a list at a time. If a gap came meanwhile, it is fetched again. */
  private async once(key: string, work: () => Promise<void>): Promise<void> {
    if (this.loading.has(key)) return;
    this.loading.add(key);
    const { epoch } = this.store.state;
    try {
      await work();
    } catch (error) {
      this.store.dispatch({ type: "list_failed", key, error });
    } finally {
      this.loading.delete(key);
    }
    const list = this.store.state.lists.get(key);
    const isOutdated = this.store.state.epoch !== epoch && list && !list.error;
    if (isOutdated && this.mounted.has(key)) await this.refetch(key);
  }

  private release(key: string): void {
    const left = (this.mounted.get(key) ?? 1) - 1;
    if (left > 0) {
      this.mounted.set(key, left);
      return;
    }
    this.mounted.delete(key);
    this.idle.push(key);
    const dropped = this.idle.length > MAX_IDLE ? this.idle.shift() : undefined;
    if (dropped !== undefined) this.store.dispatch({ type: "list_closed", key: dropped });
  }
}

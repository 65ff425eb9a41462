import type { LiveApi } from "../live-api";
import type { LiveStore } from "./live-store";

/** The server counts at most so often, however many events come. */
const MIN_INTERVAL_MS = 2_000;

/** Keeps counts, unread numbers and presence current: by events, never by polling. */
export class BackgroundLoader {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly lastAt = new Map<string, number>();
  private seen = { counts: 0, unread: 0 };

  constructor(
    private readonly store: LiveStore,
    private readonly api: Pick<LiveApi, "getCounts" | "getUnread" | "getPresence">,
  ) {}

  /** Fetches everything, at the start and after a gap. */
  fetchAll(): void {
    this.request("counts");
    this.request("unread");
    this.request("presence");
  }

  /** Looks whether an event has changed what the server counts. */
  check(): void {
    const { countsChanged, unreadChanged } = this.store.state;
    if (countsChanged !== this.seen.counts) this.request("counts");
    if (unreadChanged !== this.seen.unread) this.request("unread");
    this.seen = { counts: countsChanged, unread: unreadChanged };
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private request(name: "counts" | "unread" | "presence"): void {
    if (this.timers.has(name)) return;
    const due = (this.lastAt.get(name) ?? -MIN_INTERVAL_MS) + MIN_INTERVAL_MS;
    const wait = Math.max(0, due - Date.now());
    const timer = setTimeout(() => {
      this.timers.delete(name);
      this.lastAt.set(name, Date.now());
      this.fetch(name).catch(() => {
        // The next event or the next connection asks again.
      });
    }, wait);
    this.timers.set(name, timer);
  }

  private async fetch(name: "counts" | "unread" | "presence"): Promise<void> {
    if (name === "counts") {
      this.store.dispatch({ type: "counts", counts: await this.api.getCounts() });
    } else if (name === "unread") {
      this.store.dispatch({ type: "unread", unread: await this.api.getUnread() });
    } else {
      this.store.dispatch({ type: "presence", presence: await this.api.getPresence() });
    }
  }
}

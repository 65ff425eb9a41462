/**
 * Listens to changed rows. Realtime repeats nothing: what changes while the connection is down, or
 * before the subscription works, is never told. So `onReady` is called each time when changes begin
 * to arrive, and the page reads everything again.
 */

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
const READY_WITHIN_MS = 20_000;
const READY_TEXT = "Subscribed to PostgreSQL";

/** One subscription to the changes of some tables, made anew whenever it ends. */
export class LiveChanges {
  #client;
  #tables;
  #tenantId;
  #handlers;
  #channel = null;
  #timer = null;
  #failures = 0;
  #closed = false;

  /** `handlers`: `onReady()`, `onChange(table)`, `onState("connecting" | "live" | "lost")`. */
  constructor(client, tables, tenantId, handlers) {
    this.#client = client;
    this.#tables = tables;
    this.#tenantId = tenantId;
    this.#handlers = handlers;
  }

  /** Subscribe. A subscription that exists is replaced. */
  async start() {
    clearTimeout(this.#timer);
    await this.#leave();
    if (this.#closed) return;
    this.#handlers.onState(this.#failures === 0 ? "connecting" : "lost");
    try {
      // Without this the first join goes without the token of the provider, and is refused.
      await this.#client.realtime.setAuth();
    } catch {
      this.#retry();
      return;
    }
    if (!this.#closed) this.#join();
  }

  /** Subscribe again at once if it does not work, for example after the page was in the background. */
  wake() {
    if (!this.#closed && this.#failures > 0) void this.start();
  }

  /** End the subscription for good. */
  async close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#leave();
  }

  #join() {
    const channel = this.#client.channel(`provider-${crypto.randomUUID?.() ?? Math.random()}`);
    this.#channel = channel;
    for (const table of this.#tables) {
      // Row-level security decides what arrives; the filter only saves the project work.
      const filter = `provedor_id=eq.${this.#tenantId}`;
      const wanted = { event: "*", schema: "public", table, filter };
      channel.on("postgres_changes", wanted, () => this.#handlers.onChange(table));
    }
    channel.on("system", {}, (told) => this.#onSystem(channel, told));
    channel.subscribe((status) => {
      if (status !== "SUBSCRIBED") this.#onEnd(channel);
    });
    // SUBSCRIBED is not ready yet, and a subscription may never become ready.
    this.#timer = setTimeout(() => this.#onEnd(channel), READY_WITHIN_MS);
  }

  #onSystem(channel, told) {
    if (channel !== this.#channel) return;
    if (told.status !== "ok") {
      this.#onEnd(channel);
    } else if (told.message === READY_TEXT) {
      clearTimeout(this.#timer);
      this.#failures = 0;
      this.#handlers.onState("live");
      this.#handlers.onReady();
    }
  }

  #onEnd(channel) {
    if (channel !== this.#channel || this.#closed) return;
    this.#retry();
  }

  #retry() {
    clearTimeout(this.#timer);
    this.#handlers.onState("lost");
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, MAX_PAUSE_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.start(), pause * (0.8 + 0.4 * Math.random()));
    void this.#leave();
  }

  async #leave() {
    const channel = this.#channel;
    this.#channel = null;
    if (channel !== null) await this.#client.removeChannel(channel);
  }
}

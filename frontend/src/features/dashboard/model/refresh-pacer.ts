/** Asks again at most so often, however many events come. */
export const MIN_INTERVAL_MS = 1_000;
/** How often a response is asked for again that did not have the newest event yet. */
export const MAX_CATCH_UPS = 15;

interface PacerOptions {
  /** Fetches, and resolves to the time (ms) up to which the response has all events. */
  fetch: () => Promise<number>;
  now?: () => number;
}

/**
 * Decides when the dashboard is fetched. An event leads to one fetch, at once or as soon as a second has
 * passed since the last one. The figures of the day come from the read model, which is behind by about a
 * second: the fetch is repeated until the response has the newest event, so the last event of a burst is
 * never missing until the next one comes.
 */
export class RefreshPacer {
  private readonly now: () => number;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private isFetching = false;
  private isRequested = false;
  private isStopped = false;
  private lastStart = Number.NEGATIVE_INFINITY;
  private newestEvent = Number.NEGATIVE_INFINITY;
  private catchUps = 0;

  constructor(private readonly options: PacerOptions) {
    this.now = options.now ?? Date.now;
  }

  /** Something has changed; `at` is the time (ms, the server's clock) of the event, if there is one. */
  request(at: number | null = null): void {
    if (at !== null && at > this.newestEvent) this.newestEvent = at;
    this.catchUps = 0;
    this.schedule();
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private schedule(): void {
    if (this.isStopped || this.timer !== null) return;
    if (this.isFetching) {
      this.isRequested = true;
      return;
    }
    const wait = Math.max(0, this.lastStart + MIN_INTERVAL_MS - this.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.run();
    }, wait);
  }

  private async run(): Promise<void> {
    this.isFetching = true;
    this.isRequested = false;
    this.lastStart = this.now();
    let asOf = Number.NEGATIVE_INFINITY;
    try {
      asOf = await this.options.fetch();
    } catch {
      // The query shows the error; the next event or the next connection asks again.
      asOf = Number.POSITIVE_INFINITY;
    }
    this.isFetching = false;
    if (this.isRequested) return this.schedule();
    if (asOf > this.newestEvent || this.catchUps >= MAX_CATCH_UPS) return;
    this.catchUps += 1;
    this.schedule();
  }
}

import { createStore } from "zustand/vanilla";
import type { ServerFrame } from "../frames.gen";
import { comparePositions } from "../state/position";
import { type LiveInput, reduceAll } from "../state/reducer";
import { createState, type LiveState } from "../state/state";
import type { LiveEvent } from "../types";

/** Frames of a hidden page are applied by a timer, because it draws nothing. */
const HIDDEN_FLUSH_MS = 250;

/** Told about an input that could not be applied. The state is fetched again after that. */
export type Report = (error: unknown, input: LiveInput) => void;

const reportToConsole: Report = (error, input) => {
  console.error("live: an input could not be applied", input, error);
};

/**
 * The live state of a page. Frames are applied once per drawn frame, all other inputs at once after
 * the frames that came before them.
 */
export class LiveStore {
  private readonly store;
  private readonly listeners = new Set<(event: LiveEvent) => void>();
  private queue: LiveInput[] = [];
  private cancelFlush: (() => void) | null = null;

  constructor(
    userId: string,
    private readonly report: Report = reportToConsole,
  ) {
    this.store = createStore<LiveState>(() => createState(userId));
  }

  get state(): LiveState {
    return this.store.getState();
  }

  subscribe = (listener: () => void): (() => void) => this.store.subscribe(listener);

  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Applies a frame with the next drawing of the page. */
  receive(frame: ServerFrame): void {
    this.queue.push({ type: "frame", frame, now: Date.now() });
    if (this.cancelFlush === null) this.scheduleFlush();
  }

  /** Applies an input now. */
  dispatch(input: LiveInput): void {
    this.queue.push(input);
    this.flush();
  }

  flush(): void {
    this.cancelFlush?.();
    this.cancelFlush = null;
    const inputs = this.queue;
    this.queue = [];
    if (inputs.length === 0) return;
    const before = this.state;
    this.store.setState(this.apply(before, inputs), true);
    this.announce(inputs, before);
  }

  /** Applies no frame any more. */
  stop(): void {
    this.cancelFlush?.();
    this.cancelFlush = null;
    this.queue = [];
  }

  private apply(state: LiveState, inputs: readonly LiveInput[]): LiveState {
    try {
      return reduceAll(state, inputs);
    } catch {
      return this.applyOneByOne(state, inputs);
    }
  }

  /** Leaves out what cannot be applied, and opens a gap: what is mounted is fetched again. */
  private applyOneByOne(state: LiveState, inputs: readonly LiveInput[]): LiveState {
    let next = state;
    let failed = false;
    for (const input of inputs) {
      try {
        next = reduceAll(next, [input]);
      } catch (error) {
        failed = true;
        this.report(error, input);
      }
    }
    return failed ? reduceAll(next, [{ type: "gap" }]) : next;
  }

  private announce(inputs: readonly LiveInput[], before: LiveState): void {
    if (this.listeners.size === 0) return;
    let last = before.position;
    const replayed = before.link.state !== "connected";
    for (const input of inputs) {
      if (input.type !== "frame") continue;
      const { frame } = input;
      if (frame.type === "welcome") last = frame.position;
      if (frame.type !== "event" && frame.type !== "hidden") continue;
      if (last !== null && comparePositions(frame.position, last) <= 0) continue;
      last = frame.position;
      if (frame.type === "event") this.tell({ ...frame, replayed });
    }
  }

  private tell({ event, conversation, message, activity, at, replayed }: LiveEvent): void {
    for (const listener of this.listeners) {
      listener({ event, conversation, message, activity, at, replayed });
    }
  }

  private scheduleFlush(): void {
    if (document.visibilityState === "hidden") {
      const timer = setTimeout(() => this.flush(), HIDDEN_FLUSH_MS);
      this.cancelFlush = () => clearTimeout(timer);
      return;
    }
    const frame = requestAnimationFrame(() => this.flush());
    // A page that is hidden meanwhile draws no frame.
    const timer = setTimeout(() => this.flush(), HIDDEN_FLUSH_MS);
    this.cancelFlush = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }
}

import type { ClientFrame, GoodbyeFrame, ServerFrame } from "../frames.gen";
import type { Link, LinkState } from "../types";
import { reconnectDelay } from "./reconnect-delay";

/** The server sends a frame at least every 30 seconds. */
const SILENCE_MS = 45_000;
const HANDSHAKE_MS = 15_000;
const WATCH_MS = 5_000;
/** Without a timer for this long, the machine slept or the page was frozen. */
const SLEEP_MS = 20_000;
/** A cut that is mended sooner is not called offline. */
const OFFLINE_AFTER_MS = 4_000;
/** The missed events have come when there was no frame for so long. */
const QUIET_MS = 400;
const MAX_CATCH_UP_MS = 15_000;
const CLOSED_BY_POLICY = 1008;

export interface LiveSocketOptions {
  url: string;
  openSocket?: (url: string) => WebSocket;
  /** The position up to which frames were applied. */
  position(): string | null;
  onFrame(frame: ServerFrame): void;
  onLink(link: Link): void;
  /** True while something is still fetched after a gap. */
  isBusy(): boolean;
  /** Asks the REST API whether the session is still good, and refreshes its cookie. */
  checkSession(): Promise<void>;
  onSignedOut(reason: string): void;
}

type Timer = ReturnType<typeof setTimeout>;

/** The one socket of the page: it connects, watches, and connects again from where it was. */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private isWelcome = false;
  private isStopped = true;
  private mustForget = false;
  private failures = 0;
  private goodbye: GoodbyeFrame | null = null;
  private link: Link = { state: "connecting", since: null, goodbye: null };
  private lastFrameAt = 0;
  private lastTickAt = 0;
  private caughtUpSince = 0;
  private readonly timers: Record<"retry" | "offline" | "quiet" | "handshake", Timer | null> = {
    retry: null,
    offline: null,
    quiet: null,
    handshake: null,
  };
  private watch: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly options: LiveSocketOptions) {}

  start(): void {
    this.isStopped = false;
    this.lastTickAt = Date.now();
    this.watch = setInterval(() => this.tick(), WATCH_MS);
    window.addEventListener("online", this.connectNow);
    window.addEventListener("offline", this.onOffline);
    document.addEventListener("visibilitychange", this.onVisible);
    this.setLink("connecting");
    this.connect();
  }

  stop(): void {
    this.isStopped = true;
    if (this.watch) clearInterval(this.watch);
    for (const name of Object.keys(this.timers)) this.clear(name as keyof LiveSocket["timers"]);
    window.removeEventListener("online", this.connectNow);
    window.removeEventListener("offline", this.onOffline);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.drop();
  }

  /** Sends a frame; returns false if there is no connection. */
  send(frame: ClientFrame): boolean {
    if (!this.isWelcome || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private connect(): void {
    this.clear("retry");
    if (this.isStopped || this.socket) return;
    this.isWelcome = false;
    this.goodbye = null;
    this.lastFrameAt = Date.now();
    const open = this.options.openSocket ?? ((url: string) => new WebSocket(url));
    const socket = open(this.options.url);
    this.socket = socket;
    this.setTimer("handshake", HANDSHAKE_MS, () => this.lose(socket, null));
    socket.onopen = () => {
      const position = this.mustForget ? null : this.options.position();
      socket.send(JSON.stringify({ type: "hello", ...(position ? { position } : {}) }));
    };
    socket.onmessage = (message) => {
      if (this.socket === socket) this.receive(String(message.data));
    };
    socket.onclose = (event) => this.lose(socket, event);
  }

  private receive(text: string): void {
    this.lastFrameAt = Date.now();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text) as ServerFrame;
    } catch {
      this.reconnect();
      return;
    }
    if (frame.type === "goodbye") {
      this.goodbye = frame;
      return;
    }
    if (frame.type === "welcome") this.onWelcome(frame.caught_up);
    this.options.onFrame(frame);
    if (this.link.state !== "catching_up") return;
    if (frame.type === "queues" || frame.type === "heartbeat") this.endCatchUp();
    else if (frame.type === "event" || frame.type === "hidden") this.waitForQuiet();
  }

  private onWelcome(caughtUp: boolean): void {
    const isFirst = this.options.position() === null && !caughtUp;
    this.clear("handshake");
    this.clear("offline");
    this.isWelcome = true;
    this.mustForget = false;
    this.failures = 0;
    this.caughtUpSince = Date.now();
    this.setLink(isFirst ? "connected" : "catching_up");
    if (!isFirst) this.waitForQuiet();
  }

  private waitForQuiet(): void {
    this.setTimer("quiet", QUIET_MS, () => this.endCatchUp());
  }

  private endCatchUp(): void {
    const isLate = Date.now() - this.caughtUpSince > MAX_CATCH_UP_MS;
    if (this.options.isBusy() && !isLate) this.waitForQuiet();
    else this.setLink("connected");
  }

  private lose(socket: WebSocket, event: CloseEvent | null): void {
    if (this.socket !== socket) return;
    const wasWelcome = this.isWelcome;
    this.drop();
    if (this.isStopped) return;
    if (this.goodbye?.reason === "signed_out") {
      this.setLink("offline", "signed_out");
      this.options.onSignedOut("signed_out");
      return;
    }
    this.setLink(this.link.state === "offline" ? "offline" : "connecting", this.goodbye?.reason);
    if (!this.timers.offline && this.link.state !== "offline") {
      this.setTimer("offline", OFFLINE_AFTER_MS, () => this.setLink("offline"));
    }
    if (event?.code === CLOSED_BY_POLICY && !wasWelcome) void this.onRefused(event.reason);
    else this.retryLater();
  }

  /** The hello was refused: usually the access cookie has expired. */
  private async onRefused(reason: string): Promise<void> {
    const [code] = reason.split(":");
    if (code === "bad_position" || code === "bad_frame") this.mustForget = true;
    if (code === "too_many") this.setLink("offline", "too_many");
    await this.options.checkSession().catch(() => undefined);
    this.retryLater();
  }

  private retryLater(): void {
    if (this.isStopped || this.socket) return;
    const wait = reconnectDelay(this.failures, this.goodbye);
    this.failures += 1;
    this.setTimer("retry", wait, () => this.connect());
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    this.isWelcome = false;
    this.clear("handshake");
    this.clear("quiet");
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private reconnect(): void {
    if (this.isStopped) return;
    this.drop();
    this.setLink(this.link.state === "offline" ? "offline" : "connecting");
    this.connect();
  }

  private tick(): void {
    const now = Date.now();
    const slept = now - this.lastTickAt > SLEEP_MS;
    this.lastTickAt = now;
    const silence = now - this.lastFrameAt;
    // Timers of hidden pages are slow too, but frames still come there.
    if (slept && silence > SLEEP_MS) this.connectNow();
    else if (this.isWelcome && silence > SILENCE_MS) this.reconnect();
  }

  private readonly connectNow = () => {
    if (this.isStopped || this.goodbye?.reason === "signed_out") return;
    this.failures = 0;
    this.clear("retry");
    this.reconnect();
  };

  private readonly onOffline = () => {
    this.drop();
    this.setLink("offline");
    this.retryLater();
  };

  private readonly onVisible = () => {
    if (document.visibilityState !== "visible") return;
    if (!this.socket || Date.now() - this.lastFrameAt > SILENCE_MS) this.connectNow();
  };

  private setLink(state: LinkState, goodbye?: string): void {
    const reason = goodbye ?? (state === "connected" ? null : this.link.goodbye);
    if (state === this.link.state && reason === this.link.goodbye && this.link.since) return;
    const since = state === this.link.state && this.link.since ? this.link.since : Date.now();
    this.link = { state, since, goodbye: reason };
    this.options.onLink(this.link);
  }

  private setTimer(name: keyof LiveSocket["timers"], ms: number, run: () => void): void {
    this.clear(name);
    this.timers[name] = setTimeout(() => {
      this.timers[name] = null;
      run();
    }, ms);
  }

  private clear(name: keyof LiveSocket["timers"]): void {
    const timer = this.timers[name];
    if (timer) clearTimeout(timer);
    this.timers[name] = null;
  }
}

import { announceSignedOut, api, unwrap } from "@/shared/api/client";
import { forgetEarlyPages, type LiveApi, serverApi } from "./live-api";
import { ComposerDrafts } from "./outbox/composer-drafts";
import {
  databaseName,
  deleteLocalDatabase,
  type LocalDatabase,
  openLocalDatabase,
} from "./outbox/local-database";
import { Outbox } from "./outbox/outbox";
import { type SendApi, serverSendApi } from "./outbox/send-api";
import { Activity } from "./socket/activity";
import { LiveSocket } from "./socket/live-socket";
import { BackgroundLoader } from "./store/background-loader";
import { ListLoader } from "./store/list-loader";
import { LiveStore } from "./store/live-store";
import { ThreadLoader } from "./store/thread-loader";
import type { Conversation, Link, LiveEvent, Message, OutgoingMessage } from "./types";

/**
 * Threads and counts are not asked for before the stream has begun, unless it takes too long. Lists are, and
 * again then: the user waits for them.
 */
const MAX_WAIT_FOR_STREAM_MS = 1_000;
const EXPIRE_EVERY_MS = 2_000;

export interface SessionOptions {
  userId: string;
  tenantId: string;
  api?: LiveApi;
  sendApi?: SendApi;
  openSocket?: (url: string) => WebSocket;
}

function socketUrl(): string {
  return new URL("/live", window.location.href).href.replace(/^http/, "ws");
}

/** Everything live of one signed-in user in this page. */
export class LiveSession {
  readonly store: LiveStore;
  readonly lists: ListLoader;
  readonly threads: ThreadLoader;
  readonly drafts: ComposerDrafts;
  readonly outbox: Outbox;
  readonly activity: Activity;
  readonly background: BackgroundLoader;
  private readonly socket: LiveSocket;
  private readonly database: Promise<LocalDatabase>;
  private readonly name: string;
  private anchor: () => void = () => {};
  private readonly anchored = new Promise<void>((resolve) => {
    this.anchor = resolve;
  });
  private epoch = 0;
  private ticker: ReturnType<typeof setInterval> | null = null;
  private unsubscribe = () => {};

  constructor(options: SessionOptions) {
    const { userId, api: routes = serverApi } = options;
    this.name = databaseName(options.tenantId, userId);
    this.database = openLocalDatabase(this.name);
    this.database.catch((error) => console.error("live: no local database", error));
    this.store = new LiveStore(userId);
    const anchored = () => this.anchored;
    this.lists = new ListLoader(this.store, routes);
    this.threads = new ThreadLoader(this.store, routes, anchored);
    this.background = new BackgroundLoader(this.store, routes);
    this.drafts = new ComposerDrafts(this.database);
    this.outbox = new Outbox({
      name: this.name,
      userId,
      store: this.store,
      database: this.database,
      api: options.sendApi ?? serverSendApi,
      locks: navigator.locks,
      refreshThread: async (id) => {
        if (this.store.state.threads.has(id)) await this.threads.open(id);
      },
    });
    this.socket = this.createSocket(options);
    this.activity = new Activity((frame) => this.socket.send(frame));
  }

  start(): void {
    current = this;
    this.unsubscribe = this.store.subscribe(() => this.onChange());
    this.store.onEvent((event) => {
      for (const listener of eventListeners) listener(event);
    });
    this.ticker = setInterval(() => {
      this.store.dispatch({ type: "tick", now: Date.now() });
    }, EXPIRE_EVERY_MS);
    setTimeout(() => this.anchor(), MAX_WAIT_FOR_STREAM_MS);
    this.socket.start();
    this.drafts.start();
    this.outbox.start().catch((error) => console.error("live: the outbox is not kept", error));
    void this.anchored.then(() => this.background.fetchAll());
  }

  stop(): void {
    forgetEarlyPages();
    if (current === this) current = null;
    this.activity.stop();
    this.outbox.stop();
    this.drafts.stop();
    this.socket.stop();
    this.background.stop();
    this.store.stop();
    this.unsubscribe();
    if (this.ticker) clearInterval(this.ticker);
    void this.database.then((database) => database.close()).catch(() => undefined);
  }

  /** At sign-out: nobody else finds words or files of the user in this browser. */
  async clearLocalData(): Promise<void> {
    this.stop();
    await deleteLocalDatabase(this.name);
  }

  private createSocket({ openSocket }: SessionOptions): LiveSocket {
    return new LiveSocket({
      url: socketUrl(),
      ...(openSocket ? { openSocket } : {}),
      position: () => {
        this.store.flush();
        return this.store.state.position;
      },
      onFrame: (frame) => {
        this.store.receive(frame);
        if (frame.type === "welcome") this.onWelcome();
      },
      onLink: (link) => this.onLink(link),
      isBusy: () => this.lists.isBusy || this.threads.isBusy,
      checkSession: async () => {
        await unwrap(api.GET("/auth/me"));
      },
      onSignedOut: announceSignedOut,
    });
  }

  private onWelcome(): void {
    this.store.flush();
    this.anchor();
    this.activity.onConnected();
  }

  private onLink(link: Link): void {
    this.store.flush();
    this.store.dispatch({ type: "link", link });
    if (link.state !== "connected") return;
    this.lists.retryFailed();
    this.threads.retryFailed();
    this.outbox.wake();
  }

  private onChange(): void {
    this.background.check();
    const { epoch } = this.store.state;
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    // Not inside the store's own notification.
    queueMicrotask(() => {
      this.lists.refetchAll();
      this.threads.refetchAll();
      this.background.fetchAll();
    });
  }
}

let current: LiveSession | null = null;
const eventListeners = new Set<(event: LiveEvent) => void>();

function requireSession(): LiveSession {
  if (!current) throw new Error("Nobody is signed in: LiveProvider is not mounted.");
  return current;
}

/** Messages and notes of this browser on their way to the server. */
export const outbox = {
  /** Resolves to the id of the entry once it would survive a reload. */
  send(conversationId: string, message: OutgoingMessage): Promise<string> {
    return requireSession().outbox.send(conversationId, message);
  },
  retry(id: string): void {
    void requireSession().outbox.retry(id);
  },
  discard(id: string): void {
    void requireSession().outbox.discard(id);
  },
};

/** What screens tell the live state. Without a signed-in user nothing happens. */
export const live = {
  setViewing(conversationId: string | null): void {
    current?.activity.setViewing(conversationId);
  },
  setTyping(conversationId: string, typing: boolean): void {
    current?.activity.setTyping(conversationId, typing);
  },
  markRead(conversationId: string, version: number): void {
    if (!current) return;
    current.activity.markRead(conversationId, version);
    current.store.dispatch({ type: "read", conversationId, version });
  },
  /** The user will probably open the conversation: its thread may be fetched. */
  prefetchThread(conversationId: string): void {
    current?.threads.prefetch(conversationId);
  },
  upsertConversation(row: Conversation): void {
    current?.store.dispatch({ type: "returned", conversation: row });
  },
  upsertMessage(conversationId: string, row: Message): void {
    current?.store.dispatch({ type: "returned", message: [conversationId, row] });
  },
  onEvent(listener: (event: LiveEvent) => void): () => void {
    eventListeners.add(listener);
    return () => eventListeners.delete(listener);
  },
  async clearLocalData(): Promise<void> {
    await current?.clearLocalData();
  },
};

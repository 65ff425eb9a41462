import type { LiveStore } from "../store/live-store";
import type { OutgoingMessage } from "../types";
import type { LocalDatabase, StoredSend } from "./local-database";
import type { SendApi } from "./send-api";
import { Sender } from "./sender";

/** The server forgets keys after a day: an older send might be made twice. */
const MAX_AGE_MS = 20 * 3600_000;
/** The row of an accepted send should have come by then. */
const MATCH_MS = 10_000;
const MAX_DOUBLINGS = 3;

export interface OutboxOptions {
  name: string;
  userId: string;
  store: LiveStore;
  database: Promise<LocalDatabase>;
  api: SendApi;
  locks?: Pick<LockManager, "request"> | undefined;
  openChannel?: (name: string) => BroadcastChannel;
  matchMs?: number;
  /** Fetches the newest messages of a conversation, if its thread is open. */
  refreshThread(conversationId: string): Promise<void>;
}

/** How often it was looked for the message of an accepted send, and the next time. */
interface Check {
  count: number;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Sends of this browser, kept in IndexedDB until the server has them. All pages of the user show
 * them, and one page at a time sends them.
 */
export class Outbox {
  private sends = new Map<string, StoredSend>();
  private readonly channel: BroadcastChannel | null;
  private readonly sender: Sender;
  private isStopped = false;
  private readonly checks = new Map<string, Check>();
  private unsubscribe = () => {};

  constructor(private readonly options: OutboxOptions) {
    const open = options.openChannel ?? ((name: string) => new BroadcastChannel(name));
    this.channel =
      options.openChannel || "BroadcastChannel" in globalThis ? open(options.name) : null;
    this.sender = new Sender({
      lockName: `${options.name}-outbox`,
      api: options.api,
      locks: options.locks,
      load: () => this.load(),
      change: (id, part) => this.change(id, part),
      progress: (id, share) => this.showProgress(id, share),
      onAccepted: (send) => this.onAccepted(send),
    });
  }

  /** Shows what an earlier page has left, and goes on sending it. */
  async start(): Promise<void> {
    this.isStopped = false;
    if (this.channel) this.channel.onmessage = (event) => this.onMessage(event.data);
    this.unsubscribe = this.options.store.subscribe(() => this.removeSettled());
    window.addEventListener("online", this.wake);
    await this.recover();
    this.wake();
  }

  stop(): void {
    this.isStopped = true;
    this.sender.stop();
    this.unsubscribe();
    for (const { timer } of this.checks.values()) clearTimeout(timer);
    window.removeEventListener("online", this.wake);
    this.channel?.close();
  }

  readonly wake = () => {
    if (!this.isStopped) this.sender.run();
  };

  /** Keeps a message and shows it. Resolves to its id once it would survive a reload. */
  async send(conversationId: string, message: OutgoingMessage): Promise<string> {
    const send = this.create(conversationId, message);
    const database = await this.options.database;
    await database.put("sends", send);
    this.sends.set(send.id, send);
    this.show();
    this.tell({ type: "changed" });
    this.wake();
    return send.id;
  }

  /** A refused send is made again under a new key; an uncertain one at once under its own. */
  async retry(id: string): Promise<void> {
    const send = this.sends.get(id);
    if (!send) return;
    if (send.state === "failed") {
      const again: StoredSend = {
        ...send,
        id: crypto.randomUUID(),
        state: "queued",
        errorCode: null,
        tried: false,
        messageId: null,
        isDone: false,
      };
      const transaction = (await this.options.database).transaction("sends", "readwrite");
      await Promise.all([
        transaction.store.delete(id),
        transaction.store.put(again),
        transaction.done,
      ]);
      this.sends.delete(id);
      this.sends.set(again.id, again);
      this.show();
      this.tell({ type: "changed" });
    }
    this.sender.hurry(id);
    this.wake();
  }

  async discard(id: string): Promise<void> {
    await this.remove([id]);
    this.tell({ type: "changed" });
  }

  private create(conversationId: string, message: OutgoingMessage): StoredSend {
    const { uploadedFile: uploaded = null, file = null } = message;
    const described = file ?? uploaded;
    const row = this.options.store.state.conversations.get(conversationId)?.row;
    const createdAt = new Date();
    return {
      id: crypto.randomUUID(),
      order: createdAt.getTime() + this.sends.size / 1000,
      userId: this.options.userId,
      conversationId,
      kind: message.kind,
      text: message.text,
      replyTo: message.replyTo ?? null,
      mentions: message.mentions ?? [],
      file: described && {
        name: described.name,
        type: described.type,
        size: described.size,
        progress: uploaded ? 1 : 0,
      },
      blob: file,
      fileId: uploaded?.id ?? null,
      asVoice: message.asVoice ?? false,
      state: "queued",
      errorCode: null,
      createdAt: createdAt.toISOString(),
      baseVersion: row?.version ?? 0,
      tried: false,
      isAccepted: false,
      messageId: null,
      isDone: false,
    };
  }

  /** After a reload nobody knows what became of a request that was under way. */
  private async recover(): Promise<void> {
    const now = Date.now();
    for (const send of await this.load()) {
      const isOld = now - Date.parse(send.createdAt) > MAX_AGE_MS;
      if (send.isAccepted) this.onAccepted(send);
      else if (isOld && send.tried && send.state !== "failed") {
        await this.change(send.id, { state: "failed", errorCode: "too_old" });
      }
    }
    this.show();
  }

  private async load(): Promise<StoredSend[]> {
    const all = await (await this.options.database).getAll("sends");
    all.sort((a, b) => a.order - b.order);
    const shown = this.sends;
    this.sends = new Map(all.map((each) => [each.id, this.keepShown(shown.get(each.id), each)]));
    return [...this.sends.values()];
  }

  private keepShown(old: StoredSend | undefined, send: StoredSend): StoredSend {
    const isSame = old && old.state === send.state && old.isAccepted === send.isAccepted;
    const isAnswered = old?.messageId === send.messageId && old.isDone === send.isDone;
    if (!isSame || !isAnswered) return send;
    return old.fileId === send.fileId && old.tried === send.tried ? old : send;
  }

  private async change(id: string, part: Partial<StoredSend>): Promise<boolean> {
    const transaction = (await this.options.database).transaction("sends", "readwrite");
    const stored = await transaction.store.get(id);
    if (!stored) return false; // discarded, or settled by an event
    const next = { ...stored, ...part };
    await Promise.all([transaction.store.put(next), transaction.done]);
    this.sends.set(id, next);
    this.show();
    this.tell({ type: "changed" });
    return true;
  }

  private showProgress(id: string, share: number): void {
    const send = this.sends.get(id);
    if (!send?.file) return;
    this.sends.set(id, { ...send, file: { ...send.file, progress: share } });
    this.show();
    this.tell({ type: "progress", id, share });
  }

  /** The message appears with its event. If it does not, the outbox asks what became of it. */
  private onAccepted({ id }: StoredSend): void {
    if (this.isStopped) return;
    const known = this.checks.get(id);
    if (known) clearTimeout(known.timer);
    const count = known?.count ?? 0;
    const wait = (this.options.matchMs ?? MATCH_MS) * 2 ** Math.min(count, MAX_DOUBLINGS);
    const timer = setTimeout(() => void this.check(id), wait);
    this.checks.set(id, { count: count + 1, timer });
  }

  private async check(id: string): Promise<void> {
    const send = this.sends.get(id);
    if (!send) return;
    await this.options.refreshThread(send.conversationId).catch(() => undefined);
    const current = this.sends.get(id); // gone if the thread has its message now
    if (this.isStopped || !current) return;
    if (!current.isDone) return this.sender.confirm(current);
    await this.remove([id]);
    this.tell({ type: "changed" });
  }

  /** What a send became may be a guess until the server has answered. */
  private removeSettled(): void {
    if (this.sends.size === 0) return;
    const settled = [...this.options.store.state.sendOfMessage.values()];
    const ids = settled.filter((id) => {
      const send = this.sends.get(id);
      return send !== undefined && (send.isAccepted || send.state === "failed");
    });
    if (ids.length > 0) void this.remove(ids).then(() => this.tell({ type: "changed" }));
  }

  private async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.sends.delete(id);
      clearTimeout(this.checks.get(id)?.timer);
      this.checks.delete(id);
    }
    this.show();
    const database = await this.options.database;
    await Promise.all(ids.map((id) => database.delete("sends", id)));
  }

  private show(): void {
    if (this.isStopped) return;
    this.options.store.dispatch({ type: "sends", sends: [...this.sends.values()] });
  }

  private tell(
    message: { type: "changed" } | { type: "progress"; id: string; share: number },
  ): void {
    if (!this.isStopped) this.channel?.postMessage(message);
  }

  private async onMessage(
    message: { type: "changed" } | { type: "progress"; id: string; share: number },
  ): Promise<void> {
    if (message.type === "progress") {
      const send = this.sends.get(message.id);
      if (!send?.file) return;
      const file = { ...send.file, progress: message.share };
      this.sends.set(send.id, { ...send, file });
    } else {
      await this.load();
      this.wake();
    }
    this.show();
  }
}

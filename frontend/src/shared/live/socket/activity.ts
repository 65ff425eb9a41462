import type { ClientFrame } from "../frames.gen";

const TYPING_REPEAT_MS = 4_000;
const TYPING_IDLE_MS = 5_000;
const READ_EVERY_MS = 1_000;

/** Tells the server what the user looks at, types and has read, within its limit of frames. */
export class Activity {
  private viewing: string | null = null;
  private typing: string | null = null;
  private typingSentAt = 0;
  private typingTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly sentRead = new Map<string, number>();
  private readonly unsentRead = new Map<string, number>();
  private readTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly send: (frame: ClientFrame) => boolean) {}

  /** After a connection: the server has forgotten what this page views. */
  onConnected(): void {
    if (this.viewing !== null) this.send({ type: "viewing", conversation_id: this.viewing });
    this.flushRead();
  }

  setViewing(conversationId: string | null): void {
    if (conversationId === this.viewing) return;
    if (this.typing !== null) this.setTyping(this.typing, false);
    this.viewing = conversationId;
    this.send({ type: "viewing", conversation_id: conversationId });
  }

  setTyping(conversationId: string, isTyping: boolean): void {
    if (this.typingTimer) clearTimeout(this.typingTimer);
    this.typingTimer = null;
    if (this.typing !== null && (!isTyping || this.typing !== conversationId)) {
      this.send({ type: "typing", conversation_id: this.typing, typing: false });
      this.typing = null;
    }
    if (!isTyping) return;
    this.typingTimer = setTimeout(() => this.setTyping(conversationId, false), TYPING_IDLE_MS);
    const now = Date.now();
    if (this.typing === conversationId && now - this.typingSentAt < TYPING_REPEAT_MS) return;
    this.typing = conversationId;
    this.typingSentAt = now;
    this.send({ type: "typing", conversation_id: conversationId, typing: true });
  }

  markRead(conversationId: string, version: number): void {
    const known = Math.max(
      this.sentRead.get(conversationId) ?? -1,
      this.unsentRead.get(conversationId) ?? -1,
    );
    if (version <= known) return;
    this.unsentRead.set(conversationId, version);
    this.readTimer ??= setTimeout(() => this.flushRead(), READ_EVERY_MS);
  }

  stop(): void {
    if (this.typing !== null) this.setTyping(this.typing, false);
    if (this.typingTimer) clearTimeout(this.typingTimer);
    if (this.readTimer) clearTimeout(this.readTimer);
    this.readTimer = null;
  }

  private flushRead(): void {
    if (this.readTimer) clearTimeout(this.readTimer);
    this.readTimer = null;
    for (const [conversationId, version] of this.unsentRead) {
      if (!this.send({ type: "read", conversation_id: conversationId, version })) return;
      this.sentRead.set(conversationId, version);
      this.unsentRead.delete(conversationId);
    }
  }
}

import type { ComposerDraft } from "../types";
import type { LocalDatabase } from "./local-database";

/** The first change is saved at once, those that follow within this time together. */
const SAVE_EVERY_MS = 300;

export const EMPTY_DRAFT: ComposerDraft = {
  mode: "reply",
  text: "",
  replyTo: null,
  mentions: [],
  files: [],
  cannedFiles: [],
};

function isEmpty(draft: ComposerDraft): boolean {
  const files = draft.files.length + draft.cannedFiles.length;
  return draft.text === "" && draft.replyTo === null && files === 0;
}

/** What agents have written and not sent, by conversation, kept over a reload. */
export class ComposerDrafts {
  private readonly drafts = new Map<string, ComposerDraft>();
  private readonly wanted = new Set<string>();
  private readonly unsaved = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly database: Promise<LocalDatabase>) {}

  start(): void {
    window.addEventListener("pagehide", this.save);
    document.addEventListener("visibilitychange", this.save);
  }

  stop(): void {
    window.removeEventListener("pagehide", this.save);
    document.removeEventListener("visibilitychange", this.save);
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.save();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get(conversationId: string): ComposerDraft {
    return this.drafts.get(conversationId) ?? EMPTY_DRAFT;
  }

  /** Reads a draft from the disk once. What was typed meanwhile stays. */
  async load(conversationId: string): Promise<void> {
    if (this.wanted.has(conversationId)) return;
    this.wanted.add(conversationId);
    const stored = await (await this.database).get("drafts", conversationId);
    if (!stored || this.drafts.has(conversationId)) return;
    // A draft of an earlier release has fewer fields.
    this.drafts.set(conversationId, { ...EMPTY_DRAFT, ...stored });
    this.tell();
  }

  change(conversationId: string, part: Partial<ComposerDraft>): void {
    this.drafts.set(conversationId, { ...this.get(conversationId), ...part });
    this.touch(conversationId);
  }

  /** After a message was handed to the outbox. The chosen mode stays. */
  clear(conversationId: string): void {
    const { mode } = this.get(conversationId);
    this.drafts.set(conversationId, { ...EMPTY_DRAFT, mode });
    this.touch(conversationId);
  }

  readonly save = () => {
    const ids = [...this.unsaved];
    this.unsaved.clear();
    for (const id of ids) void this.store(id).catch(() => this.unsaved.add(id));
  };

  private async store(conversationId: string): Promise<void> {
    const draft = this.get(conversationId);
    const transaction = (await this.database).transaction("drafts", "readwrite");
    if (isEmpty(draft)) void transaction.store.delete(conversationId);
    else void transaction.store.put(draft, conversationId);
    // A page that is being closed does not live until a transaction commits by itself.
    transaction.commit();
    await transaction.done;
  }

  private touch(conversationId: string): void {
    this.unsaved.add(conversationId);
    if (this.timer === null) this.saveRegularly();
    this.tell();
  }

  private readonly saveRegularly = () => {
    this.timer = null;
    if (this.unsaved.size === 0) return;
    this.save();
    this.timer = setTimeout(this.saveRegularly, SAVE_EVERY_MS);
  };

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

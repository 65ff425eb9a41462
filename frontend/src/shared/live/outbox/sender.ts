import { ApiError } from "@/shared/api/problem";
import type { StoredSend } from "./local-database";
import type { SendAnswer, SendApi } from "./send-api";

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** The server has executed the request: only its answer is missing. */
const DONE_CODES = new Set(["answer_lost"]);
/** The same request is still being executed. */
const BUSY_CODES = new Set(["in_progress"]);

/** The answer says nothing about the command itself. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.isUncertain || BUSY_CODES.has(error.code) || [401, 429].includes(error.status);
}

export interface SenderOptions {
  lockName: string;
  api: SendApi;
  locks?: Pick<LockManager, "request"> | undefined;
  /** All sends, oldest first. */
  load(): Promise<StoredSend[]>;
  /** Stores a change; false if the send is gone. */
  change(id: string, part: Partial<StoredSend>): Promise<boolean>;
  progress(id: string, share: number): void;
  onAccepted(send: StoredSend): void;
}

/**
 * Sends what is queued: in order within a conversation, and only while this page holds the lock of
 * the browser. A send whose outcome is unknown is repeated under the same key, before anything else
 * of its conversation.
 */
export class Sender {
  private isRunning = false;
  private mustRun = false;
  private isStopped = false;
  private needsSignIn = false;
  private readonly underWay = new Set<string>();
  private signal: () => void = () => {};
  private readonly attempts = new Map<string, number>();
  private readonly notBefore = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly options: SenderOptions) {}

  stop(): void {
    this.isStopped = true;
    this.signal();
    if (this.timer) clearTimeout(this.timer);
  }

  /** The next attempt of a send need not wait. */
  hurry(id: string): void {
    this.notBefore.delete(id);
    this.needsSignIn = false;
  }

  run(): void {
    this.mustRun = true;
    this.signal();
    if (this.isRunning || this.isStopped) return;
    this.isRunning = true;
    void this.runLocked().finally(() => {
      this.isRunning = false;
      if (this.mustRun) this.run();
    });
  }

  private async runLocked(): Promise<void> {
    const { locks, lockName } = this.options;
    if (locks) await locks.request(lockName, () => this.work());
    else await this.work();
  }

  /** Ends when nothing is due and nothing is under way. */
  private async work(): Promise<void> {
    while (!this.isStopped && (this.mustRun || this.underWay.size > 0)) {
      if (this.mustRun) {
        this.mustRun = false;
        await this.startDue();
      } else {
        await new Promise<void>((resolve) => {
          this.signal = resolve;
        });
      }
    }
  }

  /** Starts the first send of each conversation; a large upload does not delay the others. */
  private async startDue(): Promise<void> {
    const heads = new Map<string, StoredSend>();
    for (const send of await this.options.load()) {
      if (send.state === "failed" || send.isAccepted) continue;
      if (!heads.has(send.conversationId)) heads.set(send.conversationId, send);
    }
    if (this.needsSignIn || !navigator.onLine) return;
    const now = Date.now();
    for (const send of heads.values()) {
      const isDue = (this.notBefore.get(send.id) ?? 0) <= now;
      if (!isDue || this.underWay.has(send.conversationId)) continue;
      this.underWay.add(send.conversationId);
      void this.attempt(send).finally(() => {
        this.underWay.delete(send.conversationId);
        this.signal();
      });
    }
    this.wakeLater([...heads.values()]);
  }

  private wakeLater(heads: readonly StoredSend[]): void {
    const now = Date.now();
    const times = heads.flatMap((each) => this.notBefore.get(each.id) ?? []).filter((t) => t > now);
    if (times.length === 0 || this.isStopped) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), Math.max(0, Math.min(...times) - now));
  }

  private async attempt(send: StoredSend): Promise<void> {
    try {
      const ready = await this.withFile(send);
      if (!ready) return;
      // Written first: after a reload the outcome of this request is unknown.
      if (!(await this.options.change(send.id, { state: "sending", tried: true }))) return;
      await this.accept(ready, await this.options.api.submit(ready));
    } catch (error) {
      await this.onError(send, error);
    }
  }

  /** Uploads the file once; its id is kept, so that a repeat does not upload it again. */
  private async withFile(send: StoredSend): Promise<StoredSend | null> {
    if (!send.blob || send.fileId !== null) return send;
    if (!(await this.options.change(send.id, { state: "uploading" }))) return null;
    const fileId = await this.options.api.upload(send, (share) =>
      this.options.progress(send.id, share),
    );
    const file = send.file && { ...send.file, progress: 1 };
    if (!(await this.options.change(send.id, { fileId, file }))) return null;
    return { ...send, fileId, file };
  }

  /** Asks by the same request what became of an accepted send: the server answers a repeat. */
  async confirm(send: StoredSend): Promise<void> {
    try {
      await this.accept(send, await this.options.api.submit(send));
    } catch (error) {
      if (isUnanswered(error)) this.options.onAccepted(send);
      else await this.fail(send, error instanceof ApiError ? error.code : "unexpected");
    }
  }

  private async accept(send: StoredSend, { isDone, messageId }: SendAnswer): Promise<void> {
    this.forget(send.id);
    const accepted = { isAccepted: true, isDone, messageId: messageId ?? send.messageId };
    if (!(await this.options.change(send.id, { ...accepted, state: "sending" }))) return;
    this.options.onAccepted({ ...send, ...accepted });
    this.mustRun = true; // the next one of the conversation
  }

  private forget(id: string): void {
    this.attempts.delete(id);
    this.notBefore.delete(id);
  }

  private async onError(send: StoredSend, error: unknown): Promise<void> {
    if (!(error instanceof ApiError)) {
      await this.fail(send, "unexpected");
      return;
    }
    if (error.status === 401) {
      this.needsSignIn = true;
      await this.options.change(send.id, { state: "queued" });
    } else if (DONE_CODES.has(error.code)) {
      await this.accept(send, { isDone: true, messageId: null });
    } else if (error.isUncertain || BUSY_CODES.has(error.code)) {
      this.delay(send.id, error.retryAfterS);
      await this.options.change(send.id, { state: "uncertain" });
    } else if (error.status === 429) {
      this.delay(send.id, error.retryAfterS);
      await this.options.change(send.id, { state: "queued" });
    } else {
      await this.fail(send, error.code);
    }
  }

  private async fail(send: StoredSend, errorCode: string): Promise<void> {
    this.forget(send.id);
    await this.options.change(send.id, { state: "failed", errorCode, isAccepted: false });
    this.mustRun = true;
  }

  private delay(id: string, retryAfterS: number | null): void {
    const attempt = this.attempts.get(id) ?? 0;
    this.attempts.set(id, attempt + 1);
    const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
    this.notBefore.set(id, Date.now() + (retryAfterS === null ? wait : retryAfterS * 1000));
    this.mustRun = true; // to set the timer
  }
}

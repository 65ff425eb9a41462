import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import { ApiError } from "@/shared/api/problem";
import type { components } from "@/shared/api/schema.gen";

type StartRequest = components["schemas"]["StartConversationRequest"];

export const MAX_TEXT = 4096;
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
const REPEATS = 15;
const PAUSE_MS = 1_000;

export type Recipient =
  | { kind: "contact"; id: string; name: string | null; phone: string | null }
  | { kind: "phone"; phone: string; name: string };

export interface Start {
  recipient: Recipient;
  channelId: string;
  text: string;
  file: File | null;
  /** Whether the user knows that the contact asked for no such messages. */
  despiteOptOut: boolean;
}

/** Sends one intention of the user: whatever is repeated, one conversation is started. */
export class StartSender {
  private key = newIdempotencyKey();
  private sent = "";
  private uploaded: { file: File; id: string } | null = null;

  /**
   * Starts the conversation and returns its id. Throws `ApiError`: `conversation_open` has the id of
   * the one that is open already.
   */
  async send(start: Start): Promise<string> {
    const body = await this.bodyOf(start);
    // A key belongs to the bytes that were sent with it.
    const bytes = JSON.stringify(body);
    if (this.sent !== "" && this.sent !== bytes) this.key = newIdempotencyKey();
    this.sent = bytes;
    try {
      return await this.post(body);
    } catch (error) {
      // A refusal is stored under its key; only after a lost answer is the same key sent again.
      if (error instanceof ApiError && !error.isUncertain) this.key = newIdempotencyKey();
      throw error;
    }
  }

  private async post(body: StartRequest): Promise<string> {
    for (let attempt = 0; attempt < REPEATS; attempt += 1) {
      const header = { "Idempotency-Key": this.key };
      const { conversation_id } = await unwrap(
        api.POST("/conversations", { params: { header }, body }),
      );
      if (conversation_id) return conversation_id;
      // The command is stored and will be executed: the same key asks for its result.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new ApiError(503, { code: "crowded" });
  }

  private async bodyOf({
    recipient,
    channelId,
    text,
    file,
    despiteOptOut,
  }: Start): Promise<StartRequest> {
    const person =
      recipient.kind === "contact"
        ? { contact_id: recipient.id }
        : {
            phone: `+${recipient.phone}`,
            ...(recipient.name.trim() ? { name: recipient.name.trim() } : {}),
          };
    const fileId = file ? await this.upload(file) : null;
    return {
      channel_id: channelId,
      text: text.trim(),
      ...person,
      ...(fileId ? { file: fileId } : {}),
      despite_opt_out: despiteOptOut,
    };
  }

  /** Uploads a file once, also if the conversation is refused and tried again. */
  private async upload(file: File): Promise<string> {
    if (this.uploaded?.file === file) return this.uploaded.id;
    const form = new FormData();
    form.append("file", file);
    const { id } = await unwrap(
      api.POST("/files", { body: { file: "" }, bodySerializer: () => form }),
    );
    this.uploaded = { file, id };
    return id;
  }
}

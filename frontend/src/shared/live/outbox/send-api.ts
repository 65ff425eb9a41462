import { api, unwrap } from "@/shared/api/client";
import { ApiError, networkError } from "@/shared/api/problem";
import type { StoredSend } from "./local-database";

const REQUEST_TIMEOUT_MS = 30_000;
const CSRF_COOKIE = /(?:^|; )niochat_csrf=([^;]*)/;

/** `isDone` is false if the server has stored the command but not yet executed it. */
export interface SendAnswer {
  isDone: boolean;
  messageId: string | null;
}

/** The routes that the outbox calls. Tests have their own. */
export interface SendApi {
  /** Resolves when the server has stored the command. Throws `ApiError`. */
  submit(send: StoredSend): Promise<SendAnswer>;
  /** Uploads the file of a send; returns the id of the file. Throws `ApiError`. */
  upload(send: StoredSend, onProgress: (share: number) => void): Promise<string>;
}

function requestOptions(send: StoredSend) {
  return {
    params: {
      path: { conversation_id: send.conversationId },
      header: { "Idempotency-Key": send.id },
    },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  };
}

function post(send: StoredSend) {
  if (send.kind === "note") {
    const file = send.fileId === null ? {} : { file: send.fileId };
    const body = { text: send.text, mentions: [...send.mentions], ...file };
    return api.POST("/conversations/{conversation_id}/notes", { ...requestOptions(send), body });
  }
  const body = {
    text: send.text,
    ...(send.replyTo === null ? {} : { reply_to: send.replyTo }),
    ...(send.fileId === null ? {} : { file: send.fileId, as_voice: send.asVoice }),
  };
  return api.POST("/conversations/{conversation_id}/messages", { ...requestOptions(send), body });
}

async function submit(send: StoredSend): Promise<SendAnswer> {
  const { done, message_id: messageId = null } = await unwrap(post(send));
  return { isDone: done, messageId };
}

/** A form with the same bytes at every attempt: the idempotency key is bound to them. */
export function fileForm(send: StoredSend): { body: Blob; type: string } {
  const boundary = `niochat-${send.id}`;
  const name = (send.file?.name ?? "file").replace(/[\r\n"\\]/g, "_");
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(send.file?.type ?? "")?.[0] ?? "application/octet-stream";
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
    `Content-Type: ${type}\r\n\r\n`;
  const parts: BlobPart[] = [head, send.blob ?? "", `\r\n--${boundary}--\r\n`];
  return { body: new Blob(parts), type: `multipart/form-data; boundary=${boundary}` };
}

function problemOf(request: XMLHttpRequest): ApiError {
  let problem = {};
  try {
    problem = JSON.parse(request.responseText);
  } catch {
    // not a problem document, for example the page of a proxy
  }
  const retryAfter = Number(request.getResponseHeader("retry-after"));
  return new ApiError(request.status, problem, retryAfter > 0 ? retryAfter : null);
}

/** `fetch` tells no progress of an upload. */
function upload(send: StoredSend, onProgress: (share: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = fileForm(send);
    request.open("POST", `/api/v1/files?as_voice=${send.asVoice}`);
    request.setRequestHeader("content-type", form.type);
    request.setRequestHeader("Idempotency-Key", send.id);
    const token = CSRF_COOKIE.exec(document.cookie)?.[1];
    if (token) request.setRequestHeader("X-CSRF-Token", decodeURIComponent(token));
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onerror = request.onabort = request.ontimeout = () => reject(networkError());
    request.onload = () => {
      if (request.status >= 400) reject(problemOf(request));
      else resolve(String(JSON.parse(request.responseText).id));
    };
    request.send(form.body);
  });
}

/** An expired cookie is refreshed by any request of the typed client; then the upload is repeated. */
async function uploadWithSession(
  send: StoredSend,
  onProgress: (share: number) => void,
): Promise<string> {
  try {
    return await upload(send, onProgress);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    await api.GET("/auth/me");
    return upload(send, onProgress);
  }
}

export const serverSendApi: SendApi = { submit, upload: uploadWithSession };

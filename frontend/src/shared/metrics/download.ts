import { useEffect, useRef, useState } from "react";
import { describeError } from "../api/describe-error";
import { useTranslation } from "../i18n/use-translation";
import { toast } from "../ui/feedback/toaster";

/** Starts a request whose body is read as a stream; `signal` ends it. */
export type DownloadRequest = (
  signal: AbortSignal,
) => Promise<{ data?: ReadableStream<Uint8Array<ArrayBuffer>> | null }>;

export interface Download {
  /** Bytes that have come so far; null while nothing is downloaded. */
  received: number | null;
  /** `refused` may handle an error of the server; it returns whether it did. */
  start: (name: string, request: DownloadRequest, refused?: (error: unknown) => boolean) => void;
  cancel: () => void;
}

/** Downloads one file at a time. It ends when the part of the page that asked for it is left. */
export function useDownload(): Download {
  const { t } = useTranslation("shared");
  const [received, setReceived] = useState<number | null>(null);
  const running = useRef<AbortController | null>(null);
  const cancel = () => running.current?.abort();
  useEffect(() => () => running.current?.abort(), []);
  const start: Download["start"] = (name, request, refused) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setReceived(0);
    fetchFile(request, controller.signal, setReceived)
      .then((file) => saveFile(name, file))
      .catch((error: unknown) => {
        if (controller.signal.aborted || refused?.(error)) return;
        toast.error(t("download_failed"), { description: describeError(error, t) });
      })
      .finally(() => {
        if (running.current === controller) setReceived(null);
      });
  };
  return { received, start, cancel };
}

async function fetchFile(
  request: DownloadRequest,
  signal: AbortSignal,
  onProgress: (received: number) => void,
): Promise<Blob> {
  const { data } = await request(signal);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = data?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    received += value.length;
    onProgress(received);
  }
  return new Blob(chunks);
}

/** Hands a file to the browser's downloads. */
function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the file once the click has been handled.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

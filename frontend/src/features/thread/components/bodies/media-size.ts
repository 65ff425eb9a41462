import type { Message } from "@/shared/live";

const MAX_WIDTH = 320;
const MAX_HEIGHT = 320;
const UNKNOWN = { width: 260, height: 200 };

function positive(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}

/** The size on the screen of an image or video, in pixels, known before it is loaded. */
export function mediaSize(message: Pick<Message, "details" | "file">): {
  width: number;
  height: number;
} {
  const file = message.file as { width?: unknown; height?: unknown } | null;
  const width = positive(file?.width) ?? positive(message.details.width);
  const height = positive(file?.height) ?? positive(message.details.height);
  if (width === null || height === null) return UNKNOWN;
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height);
  return {
    width: Math.max(80, Math.round(width * scale)),
    height: Math.max(48, Math.round(height * scale)),
  };
}

import type { ServerFrame } from "@/shared/live/frames.gen";
import type { Conversation, Message } from "@/shared/live/types";

type Row = Conversation | Message;

/** A row as it is, or what differs from an earlier row with the same id. */
type PackedRow = Row | { of: number; set: Partial<Row> };

interface RecordedFile {
  rows: PackedRow[];
  observers: Record<
    string,
    {
      userId: string;
      frames: ({ type: string; conversation?: number; message?: number | null } & object)[];
      pages: {
        path: string;
        query: Record<string, string | number>;
        before: number;
        after: number;
        body: unknown;
      }[];
    }
  >;
}

/** What a route answered after the first `before` frames and before the first `after` frames. */
export interface RecordedPage {
  path: string;
  query: Readonly<Record<string, string | number>>;
  before: number;
  after: number;
  body: unknown;
}

/** What one user saw. */
export interface RecordedStream {
  name: string;
  userId: string;
  frames: readonly ServerFrame[];
  pages: readonly RecordedPage[];
}

/** Unpacks a file of `scripts/record_live_stream.py`, in which equal rows are stored once. */
export function unpackStreams(name: string, file: unknown): RecordedStream[] {
  const { rows: packed, observers } = file as RecordedFile;
  const rows: Row[] = [];
  for (const each of packed)
    rows.push("of" in each ? ({ ...rows[each.of], ...each.set } as Row) : each);
  const row = (at: number | null | undefined): Row | null =>
    (at == null ? null : structuredClone(rows[at])) ?? null;
  return Object.entries(observers).map(([observer, { userId, frames, pages }]) => ({
    name: `${name}/${observer}`,
    userId,
    frames: frames.map(
      (frame) =>
        (frame.type === "event"
          ? { ...frame, conversation: row(frame.conversation), message: row(frame.message) }
          : frame) as ServerFrame,
    ),
    pages: pages.map((page) => ({ ...page, body: unpackBody(page.path, page.body, row) })),
  }));
}

/** Lists of conversations are numbers of rows; pages of messages have lines about them as well. */
function unpackBody(path: string, body: unknown, row: (at: number) => Row | null): unknown {
  if (path === "/conversations") return (body as number[]).map(row);
  if (!path.endsWith("/messages")) return body;
  const { rows, activities } = body as { rows: number[]; activities: unknown[] };
  return { rows: rows.map(row), activities };
}

import type { Message } from "../types";

/** A cursor for the messages before a version. */
export interface PageMark {
  before: number;
  cursor: string;
}

/**
 * Messages of a conversation without a hole among them, oldest first. `marks` are the borders of its
 * pages, that of the oldest messages last. `isStart`: the conversation begins with the block.
 * `newer` is null if the block reaches the newest message.
 */
export interface MessageBlock {
  ids: readonly string[];
  marks: readonly PageMark[];
  isStart: boolean;
  newer: string | null;
}

export type VersionOf = (id: string) => number;

/** The version by which a message is ordered; those without one are never in a thread. */
export function orderOf(row: Message): number {
  return row.version ?? 0;
}

function firstVersion(block: MessageBlock, versionOf: VersionOf): number {
  const [first] = block.ids;
  return first === undefined ? Number.POSITIVE_INFINITY : versionOf(first);
}

function lastVersion(block: MessageBlock, versionOf: VersionOf): number {
  const last = block.ids.at(-1);
  return last === undefined ? Number.NEGATIVE_INFINITY : versionOf(last);
}

function mergeIds(a: readonly string[], b: readonly string[], versionOf: VersionOf): string[] {
  return [...new Set([...a, ...b])].sort((x, y) => versionOf(x) - versionOf(y) || (x < y ? -1 : 1));
}

function merge(a: MessageBlock, b: MessageBlock, versionOf: VersionOf): MessageBlock {
  const aFirst = firstVersion(a, versionOf);
  const bFirst = firstVersion(b, versionOf);
  const top = aFirst < bFirst || (aFirst === bFirst && a.isStart) ? a : b;
  const last = lastVersion(a, versionOf) > lastVersion(b, versionOf) ? a : b;
  const marks = new Map([...a.marks, ...b.marks].map((each) => [each.before, each]));
  return {
    ids: mergeIds(a.ids, b.ids, versionOf),
    marks: [...marks.values()].sort((x, y) => y.before - x.before),
    isStart: top.isStart,
    newer: a.newer === null || b.newer === null ? null : last.newer,
  };
}

/**
 * Adds a fetched block. It joins those that share a message with it, and the one with the message
 * `adjacent`, whose cursor fetched it. Two blocks are never joined across what nobody has fetched.
 */
export function addBlock(
  blocks: readonly MessageBlock[],
  added: MessageBlock,
  versionOf: VersionOf,
  adjacent?: string,
): MessageBlock[] {
  const own = new Set(added.ids);
  let joined = added;
  const others: MessageBlock[] = [];
  for (const block of blocks) {
    const touches =
      (adjacent !== undefined && block.ids.includes(adjacent)) ||
      (block.newer === null && added.newer === null) ||
      block.ids.some((id) => own.has(id));
    if (touches) joined = merge(joined, block, versionOf);
    else others.push(block);
  }
  return [...others, joined].sort(
    (a, b) => firstVersion(a, versionOf) - firstVersion(b, versionOf),
  );
}

/** The block with the newest messages, if it is known. */
export function tailOf(blocks: readonly MessageBlock[]): MessageBlock | undefined {
  return blocks.find((block) => block.newer === null);
}

/** Puts a new message into the block that reaches the end; undefined if it belongs before it. */
export function insertIntoTail(
  blocks: readonly MessageBlock[],
  id: string,
  versionOf: VersionOf,
): readonly MessageBlock[] | undefined {
  const tail = tailOf(blocks);
  if (!tail) return undefined;
  const version = versionOf(id);
  const first = tail.ids[0];
  if (first !== undefined && version < versionOf(first) && !tail.isStart) return undefined;
  let at = tail.ids.length;
  while (at > 0 && versionOf(tail.ids[at - 1] as string) > version) at -= 1;
  if (tail.ids[at - 1] === id) return blocks;
  const ids = [...tail.ids.slice(0, at), id, ...tail.ids.slice(at)];
  return blocks.map((block) => (block === tail ? { ...tail, ids } : block));
}

/** The cursor of the messages before the block; null if there are none. */
export function olderCursor(block: MessageBlock): string | null {
  return block.isStart ? null : (block.marks.at(-1)?.cursor ?? null);
}

/** Drops all but about `keep` of the newest messages, at the border of a page. */
export function trimBlocks(
  blocks: readonly MessageBlock[],
  keep: number,
  versionOf: VersionOf,
): readonly MessageBlock[] {
  const tail = tailOf(blocks);
  if (!tail) return [];
  if (blocks.length === 1 && tail.ids.length <= keep) return blocks;
  for (let at = tail.marks.length - 1; at >= 0; at--) {
    const mark = tail.marks[at];
    if (!mark) continue;
    const from = tail.ids.findIndex((id) => versionOf(id) >= mark.before);
    if (from >= 0 && tail.ids.length - from <= keep) {
      const marks = tail.marks.slice(0, at + 1);
      return [{ ids: tail.ids.slice(from), marks, isStart: false, newer: null }];
    }
  }
  // No border of a page lies in the part to keep: the thread is fetched again when it is opened.
  return tail.ids.length <= keep ? [tail] : [];
}

/** A position in the server's event log: transaction, conversation, version of the conversation. */
export interface LogPosition {
  transaction: bigint;
  conversation: string;
  version: number;
}

/** Parses a position of a frame. Throws if it is none. */
export function parsePosition(text: string): LogPosition {
  const [transaction, conversation, version] = text.split(".");
  if (!transaction || conversation === undefined || version === undefined) {
    throw new Error(`Not a position: ${text}`);
  }
  return { transaction: BigInt(transaction), conversation, version: Number(version) };
}

/** Negative if `first` is before `second`. */
export function comparePositions(first: string, second: string): number {
  if (first === second) return 0;
  const a = parsePosition(first);
  const b = parsePosition(second);
  if (a.transaction !== b.transaction) return a.transaction < b.transaction ? -1 : 1;
  if (a.conversation !== b.conversation) return a.conversation < b.conversation ? -1 : 1;
  return a.version - b.version;
}

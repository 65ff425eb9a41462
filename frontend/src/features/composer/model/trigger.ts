export interface Trigger {
  mark: "/" | "@";
  /** What was typed after the mark. */
  query: string;
  /** Where the mark stands in the text. */
  start: number;
}

const PATTERN = /(?:^|\s)([/@])([\p{L}\p{N}_.-]{0,40})$/u;

/** The `/` or `@` that is being typed before the cursor, if any. */
export function findTrigger(
  text: string,
  cursor: number,
  marks: readonly string[],
): Trigger | null {
  const match = text.slice(0, cursor).match(PATTERN);
  const mark = match?.[1];
  if (!match || (mark !== "/" && mark !== "@") || !marks.includes(mark)) return null;
  const query = match[2] ?? "";
  return { mark, query, start: cursor - query.length - 1 };
}

/** The text with the trigger replaced, and the cursor after the inserted part. */
export function replaceTrigger(
  text: string,
  trigger: Trigger,
  insert: string,
): { text: string; cursor: number } {
  const end = trigger.start + 1 + trigger.query.length;
  return {
    text: text.slice(0, trigger.start) + insert + text.slice(end),
    cursor: trigger.start + insert.length,
  };
}

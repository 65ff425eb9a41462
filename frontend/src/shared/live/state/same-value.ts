/** True if two JSON values are equal. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      key in b &&
      isSameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** `next`, or `old` if it is equal, so that screens see the same object. */
export function keepIfSame<Value>(old: Value | undefined, next: Value): Value {
  return old !== undefined && isSameValue(old, next) ? old : next;
}

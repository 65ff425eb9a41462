// What an address carries after `?` is the work of anybody: other values than these count as absent.

type Search = Record<string, unknown>;

/** One text. */
export function oneText(search: Search, name: string): string | undefined {
  const value = search[name];
  return typeof value === "string" ? value : undefined;
}

/** One of `words`. */
export function oneOf<Word extends string>(
  search: Search,
  name: string,
  words: readonly Word[],
): Word | undefined {
  return words.find((word) => word === search[name]);
}

/** Any number of texts. */
export function manyTexts(search: Search, name: string): string[] | undefined {
  const value = search[name];
  return Array.isArray(value) && value.every((each) => typeof each === "string")
    ? value
    : undefined;
}

import i18next from "i18next";
import { expect, test } from "vitest";

const sources = import.meta.glob<string>(["../../**/*.{ts,tsx}", "!../../**/*.test.{ts,tsx}"], {
  eager: true,
  query: "?raw",
  import: "default",
});

/** The namespace of `useTranslation("inbox")` in a file, and the literal keys of its `t("…")`. */
function usedKeys(source: string): string[] {
  const namespace = source.match(/useTranslation\(\s*\[?"([\w-]+)"/)?.[1] ?? "shared";
  return [...source.matchAll(/\bt\(\s*"([\w.:-]+)"/g)].map((match) => {
    const key = match[1] ?? "";
    return key.includes(":") ? key : `${namespace}:${key}`;
  });
}

test("every text that a screen asks for exists", () => {
  const missing = Object.entries(sources).flatMap(([path, source]) =>
    usedKeys(source)
      .filter((key) => !i18next.exists(key) && !i18next.exists(`${key}_other`))
      .map((key) => `${path}: ${key}`),
  );
  expect(missing).toEqual([]);
});

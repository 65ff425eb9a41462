import { expect, test } from "vitest";

type Texts = { [key: string]: string | Texts };

const files = import.meta.glob<Texts>(
  "../../{features/*,shared,shared/{charts,metrics},app}/locales/*.json",
  { eager: true, import: "default" },
);

/** Keys with their variables, without plural forms: `errors.unexpected {{code}}` */
function describeTexts(texts: Texts, prefix = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    if (typeof value !== "string") return describeTexts(value, `${path}.`);
    const variables = [...value.matchAll(/{{[^}]+}}/g)].map((each) => each[0]).sort();
    return [
      `${path.replace(/_(one|other|many|zero)$/, "")} ${[...new Set(variables)].join(" ")}`.trim(),
    ];
  });
}

const portuguese = Object.keys(files).filter((path) => path.endsWith("/pt-BR.json"));

test.each(portuguese)("%s has the keys and variables of its English twin", (path) => {
  const english = files[path.replace("pt-BR.json", "en.json")];
  expect(english, "the English file is missing").toBeDefined();
  const texts = (each: Texts) => [...new Set(describeTexts(each))].sort();
  expect(texts(english ?? {})).toEqual(texts(files[path] ?? {}));
});

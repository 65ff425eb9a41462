import i18next, { type TFunction } from "i18next";
import { useSyncExternalStore } from "react";

export interface Translation {
  t: TFunction;
  language: string;
}

const translations = new Map<string, Translation>();

/**
 * The texts of a namespace in the language of the screen. A row of a list asks for a dozen, so each text
 * is looked up once; what a library's hook does for each component took a fifth of the
 * time in which a conversation opens.
 */
export function useTranslation(namespace = "shared"): Translation {
  const language = useSyncExternalStore(subscribe, () => i18next.language);
  const key = `${language} ${namespace}`;
  const known = translations.get(key);
  if (known) return known;
  const created = { t: rememberTexts(i18next.getFixedT(language, namespace)), language };
  translations.set(key, created);
  return created;
}

function subscribe(changed: () => void): () => void {
  i18next.on("languageChanged", changed);
  return () => i18next.off("languageChanged", changed);
}

/** Texts with variables are kept as well: most are counts, names and states that come again. */
const MAX_TEXTS = 2_000;

function rememberTexts(translate: TFunction): TFunction {
  const texts = new Map<string, string>();
  const t = (key: string, variables?: Record<string, unknown>): string => {
    const full = variables ? `${key} ${JSON.stringify(variables)}` : key;
    const known = texts.get(full);
    if (known !== undefined) return known;
    const text = variables ? translate(key, variables) : translate(key);
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(full, text);
    return text;
  };
  return t as TFunction;
}

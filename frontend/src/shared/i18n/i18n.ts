import i18next, { type i18n, type Resource } from "i18next";
import { loadPart } from "@/shared/parts/load-part";

export const LANGUAGES = ["pt-BR", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

type Texts = Record<string, unknown>;

// Each feature has its own texts in `features/<name>/locales`; its folder is the namespace. The texts
// of `shared` are the namespace `shared`, those of `app` the namespace `app`.
const portuguese = import.meta.glob<Texts>(
  [
    "../../{features/*,shared,app}/locales/pt-BR.json",
    "!../../features/{alerts,dashboard,follow-ups,reports,sla,supabase}/locales/pt-BR.json",
  ],
  { eager: true, import: "default" },
);
// The first page does not pay for the texts of pages that are opened later (`loadLateTexts`).
const late = import.meta.glob<Texts>(
  "../../{features/{alerts,dashboard,follow-ups,reports,sla,supabase},shared/{charts,metrics}}/locales/pt-BR.json",
  { import: "default" },
);
const english = import.meta.glob<Texts>(
  "../../{features/*,shared,shared/{charts,metrics},app}/locales/en.json",
  { import: "default" },
);

/** `../../features/inbox/locales/pt-BR.json` → `inbox`; Vite shortens the path of `shared` itself. */
function namespaceOf(path: string): string {
  const folder = path.split("/").at(-3) ?? path;
  return folder === ".." ? "shared" : folder;
}

function portugueseResource(): Texts {
  return Object.fromEntries(
    Object.entries(portuguese).map(([path, texts]) => [namespaceOf(path), texts]),
  );
}

/** Loads the texts of a language and shows them. */
export async function setLanguage(language: Language): Promise<void> {
  if (language === "en" && !i18next.hasResourceBundle("en", "shared")) {
    await Promise.all(
      Object.entries(english).map(async ([path, load]) => {
        i18next.addResourceBundle("en", namespaceOf(path), await loadPart(load));
      }),
    );
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

let lateTexts: Promise<void> | null = null;

/** Loads the Portuguese texts of dashboard, reports and what belongs to them; their routes wait for it. */
export function loadLateTexts(): Promise<void> {
  lateTexts ??= Promise.all(
    Object.entries(late).map(async ([path, load]) => {
      i18next.addResourceBundle("pt-BR", namespaceOf(path), await loadPart(load));
    }),
  ).then(
    () => undefined,
    (error) => {
      lateTexts = null; // the next visit tries again
      throw error;
    },
  );
  return lateTexts;
}

const KEY = "niochat.language";

/** The language that this browser showed last, for the pages before the sign-in. */
export function rememberedLanguage(): Language {
  const stored = localStorage.getItem(KEY);
  return LANGUAGES.find((each) => each === stored) ?? "pt-BR";
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
}

/** Starts with Portuguese, which the first page carries. */
export function startI18n(): i18n {
  const resources: Resource = { "pt-BR": portugueseResource() as Resource[string] };
  i18next.init({
    lng: "pt-BR",
    fallbackLng: "pt-BR",
    defaultNS: "shared",
    resources,
    interpolation: { escapeValue: false }, // React escapes
    initAsync: false,
    showSupportNotice: false,
  });
  return i18next;
}

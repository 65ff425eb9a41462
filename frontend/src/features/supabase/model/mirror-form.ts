import * as z from "zod/mini";
import { ApiError } from "@/shared/api/problem";
import type { MirrorSettings, MirrorSettingsContent } from "./queries";

export const MESSAGE_POLICIES = ["metadata", "full", "none"] as const;
const MIN_JWT_SECRET = 32;

const isProjectUrl = (text: string) => text === "" || /^https?:\/\/[^\s/?#@]+\/?$/.test(text);
const isKey = (text: string) => /^[!-~]*$/.test(text);

// The messages are keys below `supabase:problems`.
export const mirrorSchema = z
  .object({
    isEnabled: z.boolean(),
    url: z.string().check(z.trim(), z.refine(isProjectUrl, "url")),
    key: z.string().check(
      z.trim(),
      z.refine(isKey, "characters"),
      z.refine((text) => !text.startsWith("sb_publishable_"), "key_is_publishable"),
    ),
    publishableKey: z.string().check(
      z.trim(),
      z.refine(isKey, "characters"),
      z.refine((text) => !text.startsWith("sb_secret_"), "key_is_secret"),
    ),
    messages: z.enum(MESSAGE_POLICIES),
    jwtSecret: z.string().check(
      z.trim(),
      z.refine((text) => text === "" || text.length >= MIN_JWT_SECRET, "jwt_secret"),
    ),
    removesJwtSecret: z.boolean(),
  })
  .check(
    z.refine(
      ({ url, key, publishableKey }) => url !== "" || (key === "" && publishableKey === ""),
      {
        path: ["url"],
        error: "url_needed",
      },
    ),
  );
export type MirrorValues = z.infer<typeof mirrorSchema>;
export type MirrorField = keyof MirrorValues;

/** Secrets are never shown: their fields are empty, and what stays empty stays as it is. */
export function startValues(settings: MirrorSettings): MirrorValues {
  return {
    isEnabled: settings.enabled,
    url: settings.url ?? "",
    key: "",
    publishableKey: settings.publishable_key ?? "",
    messages: settings.messages,
    jwtSecret: "",
    removesJwtSecret: false,
  };
}

export function toContent(values: MirrorValues): MirrorSettingsContent {
  const { isEnabled: enabled, messages } = values;
  if (values.url.trim() === "") return { enabled, messages };
  const jwtSecret = values.jwtSecret.trim();
  return {
    enabled,
    messages,
    url: values.url.trim(),
    ...(values.key.trim() ? { key: values.key.trim() } : {}),
    publishable_key: values.publishableKey.trim() || null,
    ...(jwtSecret ? { jwt_secret: jwtSecret } : {}),
    ...(values.removesJwtSecret && !jwtSecret ? { jwt_secret: null } : {}),
  };
}

const FIELD_OF_NAME: Record<string, MirrorField> = {
  url: "url",
  key: "key",
  publishable_key: "publishableKey",
  jwt_secret: "jwtSecret",
};
const FIELD_OF_CODE: Record<string, MirrorField> = {
  private_address: "url",
  insecure_url: "url",
  bad_supabase_url: "url",
  supabase_key_needed: "key",
};

/** The fields that a refusal is about, each with a key below `supabase:problems`. */
export function fieldProblems(error: unknown): [MirrorField, string][] {
  if (!(error instanceof ApiError)) return [];
  const field = FIELD_OF_CODE[error.code];
  if (field) return [[field, error.code]];
  return Object.keys(error.fields).flatMap((each): [MirrorField, string][] => {
    const named = FIELD_OF_NAME[each.split(".")[1] ?? ""];
    return named ? [[named, `refused_${named}`]] : [];
  });
}

import * as z from "zod/mini";
import { ApiError } from "@/shared/api/problem";
import type { CannedEdit } from "@/shared/canned/editor-request";
import { type CannedContent, type CannedResponse, toUploadedFile } from "@/shared/canned/queries";
import { hasUnknownVariable } from "@/shared/canned/variables";
import type { UploadedFile } from "@/shared/live";

export const MAX_FILES = 5;
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
export const MAX_TEXT = 4096;
export const MAX_TITLE = 120;
const MAX_SHORTCUT = 63;

// The messages are keys below `canned:problems`.
export const cannedSchema = z
  .object({
    shortcut: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "shortcut")),
    title: z.string().check(z.trim(), z.minLength(1, "title"), z.maxLength(MAX_TITLE, "title")),
    text: z.string().check(
      z.maxLength(MAX_TEXT, "text_long"),
      z.refine((text) => !hasUnknownVariable(text), "unknown_variable"),
    ),
    scope: z.enum(["personal", "team", "shared"]),
    team: z.nullable(z.string()),
    files: z.array(z.custom<UploadedFile>()).check(z.maxLength(MAX_FILES, "too_many_files")),
  })
  .check(
    z.refine(({ text, files }) => text.trim() !== "" || files.length > 0, {
      path: ["text"],
      error: "empty",
    }),
    z.refine(({ scope, team }) => scope !== "team" || team !== null, {
      path: ["team"],
      error: "no_team",
    }),
  );
export type CannedValues = z.infer<typeof cannedSchema>;
export type CannedField = keyof CannedValues;

export function valuesOf(response: CannedResponse): CannedValues {
  const { shortcut, title, text, scope, team, files } = response;
  return { shortcut, title, text, scope, team, files: files.map(toUploadedFile) };
}

export function startValues(edit: CannedEdit): CannedValues {
  if ("response" in edit) return valuesOf(edit.response);
  return { shortcut: "", title: "", text: edit.text, scope: "personal", team: null, files: [] };
}

export function toContent(values: CannedValues): CannedContent {
  const { shortcut, title, text, scope, team, files } = values;
  return {
    shortcut,
    title: title.trim(),
    text,
    scope,
    team: scope === "team" ? team : null,
    files: files.map((each) => each.id),
  };
}

/** What is typed as a shortcut, in the letters that one may have: "Segunda Via" → "segunda-via". */
export function toShortcut(typed: string): string {
  return typed
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, MAX_SHORTCUT);
}

const FIELD_OF_CODE: Record<string, CannedField> = {
  shortcut_taken: "shortcut",
  unknown_variable: "text",
  no_team: "team",
  no_file: "files",
  canned_scope: "scope",
  users_only: "scope",
};
const FIELDS: readonly string[] = ["shortcut", "title", "text", "scope", "team", "files"];

/** The fields that a refusal is about, each with a key below `canned:problems`. */
export function fieldProblems(error: unknown): [CannedField, string][] {
  if (!(error instanceof ApiError)) return [];
  const field = FIELD_OF_CODE[error.code];
  if (field) return [[field, error.code]];
  // `body.files.2` is about the field `files`.
  const named = Object.keys(error.fields).map((each) => each.split(".")[1] ?? "");
  return [...new Set(named)]
    .filter((each): each is CannedField => FIELDS.includes(each))
    .map((each) => [each, "refused"]);
}

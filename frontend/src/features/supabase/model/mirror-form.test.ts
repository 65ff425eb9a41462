import { expect, test } from "vitest";
import { ApiError } from "@/shared/api/problem";
import {
  fieldProblems,
  type MirrorValues,
  mirrorSchema,
  startValues,
  toContent,
} from "./mirror-form";
import type { MirrorSettings } from "./queries";

const stored: MirrorSettings = {
  enabled: true,
  url: "https://abc.supabase.co",
  key_hint: "1234",
  publishable_key: "sb_publishable_1",
  messages: "full",
  has_jwt_secret: true,
  paused_at: null,
  changed_at: "2026-12-01T12:00:00Z",
  has_installation_project: false,
  issuer: "https://desk.example.com/api/v1/tenant-tokens",
};
const values = (change: Partial<MirrorValues> = {}): MirrorValues => ({
  ...startValues(stored),
  ...change,
});
const problems = (change: Partial<MirrorValues>) => {
  const { error } = mirrorSchema.safeParse(values(change));
  return (error?.issues ?? []).map((each) => `${String(each.path[0])}: ${each.message}`);
};

test("what was saved can be saved again, and its secrets stay", () => {
  expect(problems({})).toEqual([]);
  expect(toContent(values())).toEqual({
    enabled: true,
    url: "https://abc.supabase.co",
    publishable_key: "sb_publishable_1",
    messages: "full",
  });
});

test("mixed-up keys and addresses with a path are told at their fields", () => {
  expect(problems({ url: "https://abc.supabase.co/rest/v1" })).toEqual(["url: url"]);
  expect(problems({ key: "sb_publishable_1" })).toEqual(["key: key_is_publishable"]);
  expect(problems({ publishableKey: "sb_secret_1" })).toEqual(["publishableKey: key_is_secret"]);
  expect(problems({ jwtSecret: "short" })).toEqual(["jwtSecret: jwt_secret"]);
  expect(problems({ url: "" })).toEqual(["url: url_needed"]);
});

test("without an address no key is sent", () => {
  const content = toContent(values({ url: " ", key: "", publishableKey: "", isEnabled: false }));
  expect(content).toEqual({ enabled: false, messages: "full" });
});

test("a secret is replaced, removed or left out", () => {
  expect(toContent(values({ key: " sb_secret_2 " }))).toMatchObject({ key: "sb_secret_2" });
  expect(toContent(values({ removesJwtSecret: true }))).toMatchObject({ jwt_secret: null });
  const long = "x".repeat(32);
  expect(toContent(values({ jwtSecret: long, removesJwtSecret: true }))).toMatchObject({
    jwt_secret: long,
  });
  expect(toContent(values())).not.toHaveProperty("jwt_secret");
});

test("a refusal is shown at the field that it is about", () => {
  expect(fieldProblems(new ApiError(400, { code: "private_address" }))).toEqual([
    ["url", "private_address"],
  ]);
  const errors = [{ field: "body.publishable_key", message: "?" }];
  expect(fieldProblems(new ApiError(422, { code: "invalid", errors }))).toEqual([
    ["publishableKey", "refused_publishableKey"],
  ]);
  expect(fieldProblems(new Error("offline"))).toEqual([]);
});

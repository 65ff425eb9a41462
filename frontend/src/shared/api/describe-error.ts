import type { TFunction } from "i18next";
import { ApiError } from "./problem";

const BY_STATUS: Record<number, string> = {
  0: "shared:errors.offline",
  401: "shared:errors.signed_out",
  403: "shared:errors.forbidden",
  404: "shared:errors.not_found",
  409: "shared:errors.conflict",
  413: "shared:errors.too_large",
  429: "shared:errors.too_many",
  503: "shared:errors.unavailable",
};

/**
 * A sentence that says what to do. Texts for a code stand under `errors.codes.<code>` of the
 * namespace `shared`; a code without one is described by its status.
 */
export function describeError(error: unknown, t: TFunction): string {
  const say = t as (key: string | string[], values?: Record<string, unknown>) => string;
  if (!(error instanceof ApiError)) return say("shared:errors.unexpected", { code: "screen" });
  const byStatus = BY_STATUS[error.status] ?? "shared:errors.unexpected";
  const values = { code: error.code, seconds: error.retryAfterS ?? 30 };
  return say([`shared:errors.codes.${error.code}`, byStatus], values);
}

import type { QueryClient } from "@tanstack/react-query";
import { redirect } from "@tanstack/react-router";
import { csrfToken } from "@/shared/api/client";
import { ApiError } from "@/shared/api/problem";
import { currentUserQuery } from "@/shared/api/session";

/** Why somebody sees the sign-in page, as its address says it. */
export const SIGN_IN_REASONS = [
  "encerrada",
  "outra-aba",
  "saiu",
  "suspenso",
  "desativado",
] as const;
export type SignInReason = (typeof SIGN_IN_REASONS)[number];

/** The reason for a `code` with which the server or another tab ended the session. */
export function reasonForCode(code: string): SignInReason {
  if (code === "tenant_suspended") return "suspenso";
  if (code === "disabled") return "desativado";
  return code === "signed_out_here" ? "outra-aba" : "encerrada";
}

/** True if `error` says that nobody is signed in, or that the signed-in user may not be here. */
export function endsSession(error: unknown): error is ApiError {
  return (
    error instanceof ApiError &&
    (error.status === 401 || error.code === "tenant_suspended" || error.code === "disabled")
  );
}

/** Lets signed-in users pass; sends everybody else to the sign-in page, which leads back to `target`. */
export async function requireSession(queryClient: QueryClient, target: string): Promise<void> {
  const ir = target === "/" ? undefined : target;
  // Without the cookie there is no session to ask for: no failed request in the log of the browser.
  if (csrfToken() === null) throw redirect({ to: "/entrar", search: { ir } });
  try {
    await queryClient.ensureQueryData(currentUserQuery);
  } catch (error) {
    if (!endsSession(error)) throw error;
    throw redirect({ to: "/entrar", search: { ir, motivo: reasonForCode(error.code) } });
  }
}

/** Sends a user who is signed in already from the sign-in page to `target`. */
export async function skipIfSignedIn(queryClient: QueryClient, target: string): Promise<void> {
  if (csrfToken() === null) return;
  const user = await queryClient
    .fetchQuery({ ...currentUserQuery, staleTime: 0, retry: false })
    .catch(() => null);
  if (user) throw redirect({ href: target });
}

/** A path of this product; anything else, such as another site, becomes the first page. */
export function safeTarget(target: string | undefined): string {
  if (!target?.startsWith("/") || target.startsWith("/entrar")) return "/atendimentos";
  const url = URL.parse(target, location.origin);
  return url?.origin === location.origin
    ? `${url.pathname}${url.search}${url.hash}`
    : "/atendimentos";
}

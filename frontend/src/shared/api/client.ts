import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, networkError } from "./problem";
import type { paths } from "./schema.gen";

const CSRF_COOKIE = "niochat_csrf";
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

type SignedOutListener = (code: string) => void;
const signedOutListeners = new Set<SignedOutListener>();

/** Calls `listener` when the server no longer accepts the session. Returns how to stop. */
export function onSignedOut(listener: SignedOutListener): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/** Tells the page that the session has ended, for example by the live socket. */
export function announceSignedOut(code: string): void {
  for (const listener of signedOutListeners) listener(code);
}

/**
 * The CSRF cookie, which lives as long as the session and is another one after each sign-in. Null
 * means that nobody is signed in.
 */
export function csrfToken(): string | null {
  const match = document.cookie.match(new RegExp(`(?:^|; )${CSRF_COOKIE}=([^;]*)`));
  return match?.[1] ? decodeURIComponent(match[1]) : null;
}

function withCsrf(request: Request): Request {
  const token = csrfToken();
  if (token && !SAFE_METHODS.has(request.method)) request.headers.set("X-CSRF-Token", token);
  return request;
}

let answeredAt = Date.now();

/** When the server last accepted a request of this page (ms). The session idles from then on. */
export function lastAnswerAt(): number {
  return answeredAt;
}

type RefreshOutcome = "refreshed" | "ended" | "unavailable";
let refreshing: Promise<RefreshOutcome> | null = null;

/** Exchanges the refresh cookie for new cookies, once for all requests that wait for it. */
export function refreshSession(): Promise<RefreshOutcome> {
  refreshing ??= fetch(
    withCsrf(
      new Request(new URL("/api/v1/auth/refresh", location.origin), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      }),
    ),
  )
    .then(refreshOutcome)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

/** Only a clear refusal ends the session; a busy or failing server says nothing about it. */
async function refreshOutcome(response: Response): Promise<RefreshOutcome> {
  if (response.ok) {
    answeredAt = Date.now();
    return "refreshed";
  }
  if (response.status !== 401 && response.status !== 403) return "unavailable";
  const problem = await response.json().catch(() => ({}));
  announceSignedOut(typeof problem.code === "string" ? problem.code : "session_over");
  return "ended";
}

const AUTH_PATHS_WITHOUT_REFRESH = [
  "/api/v1/auth/login",
  "/api/v1/auth/refresh",
  "/api/v1/auth/password",
  "/api/v1/auth/password-reset",
];

/** Sends a request with cookies. An expired access token is refreshed once. */
async function fetchWithSession(input: Request): Promise<Response> {
  const repeat = input.clone();
  try {
    const response = await fetch(withCsrf(input));
    const path = new URL(input.url).pathname;
    if (response.ok) answeredAt = Date.now();
    if (response.status !== 401 || AUTH_PATHS_WITHOUT_REFRESH.includes(path)) return response;
    const outcome = await refreshSession();
    if (outcome === "refreshed") return await fetch(withCsrf(repeat));
    if (outcome === "unavailable") throw networkError();
    return response;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw networkError();
  }
}

const raiseProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const retryAfter = Number(response.headers.get("retry-after"));
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem, Number.isFinite(retryAfter) ? retryAfter : null);
  },
};

/** The typed client of `/api/v1`. Every response that is not 2xx is thrown as `ApiError`. */
export const api = createClient<paths>({
  baseUrl: new URL("/api/v1", window.location.origin).href,
  fetch: fetchWithSession,
});
api.use(raiseProblems);

/** The body of a successful response. */
export async function unwrap<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** A value for the header `Idempotency-Key`: one for each intention of the user. */
export function newIdempotencyKey(): string {
  return crypto.randomUUID();
}

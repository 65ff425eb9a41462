import type { components } from "./schema.gen";

type ProblemDetails = components["schemas"]["ProblemDetails"];

/** A refused or failed request. `code` is stable; `title` is the server's English sentence. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string>;
  /** The id of what exists already, if that is why the request was refused. */
  readonly existingId: string | null;
  /** Seconds until a repeat makes sense, if the server said so. */
  readonly retryAfterS: number | null;

  constructor(status: number, problem: Partial<ProblemDetails>, retryAfterS: number | null = null) {
    super(problem.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.existingId = problem.existing_id ?? null;
    this.retryAfterS = retryAfterS;
    this.fields = Object.fromEntries(
      (problem.errors ?? []).map((each) => [each.field, each.message]),
    );
  }

  /** True if the request may not have reached the server, so its outcome is not known. */
  get isUncertain(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** The request was not answered: no connection, or it was cut. */
export function networkError(): ApiError {
  return new ApiError(0, { code: "network", title: "The server could not be reached." });
}

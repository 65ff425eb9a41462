/**
 * Tenant tokens, which let this page read the rows of one provider for ten minutes.
 *
 * They come from the address `data-token-url` of the page, at its own origin. The answer is that of
 * `POST /api/v1/supabase/token`: `token`, `expires_at`, `url` and `publishable_key`.
 */

const RENEW_BEFORE_S = 120;
const TIMEOUT_MS = 15_000;

/** The token was refused. `reason` is a key of the texts of problems. */
export class TokenProblem extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Asks for tokens, and for the next one before the present one expires. */
export class TokenSource {
  #address;
  #key;
  #grant = null;
  #renewAt = 0;
  #running = null;

  /** `key`: what is sent as `Authorization: Bearer`; null where the address knows who asks. */
  constructor(address, key) {
    this.#address = address;
    this.#key = key;
  }

  /** The present answer, after `token()`. */
  get grant() {
    return this.#grant;
  }

  /** The claims of the present token. They are read for display only: the project verifies them. */
  get claims() {
    return readClaims(this.#grant.token);
  }

  /**
   * A token that is valid for a while. If no new one can be had, the old one is returned as long
   * as there is one: the project says when it does not accept it any more. Throws `TokenProblem`.
   */
  async token() {
    if (this.#grant === null || performance.now() >= this.#renewAt) {
      this.#running ??= this.#renew().finally(() => {
        this.#running = null;
      });
      try {
        await this.#running;
      } catch (problem) {
        if (this.#grant === null || problem.reason !== "unavailable") throw problem;
      }
    }
    return this.#grant.token;
  }

  async #renew() {
    const grant = await this.#request();
    const { iat, exp } = readClaims(grant.token);
    // The clock of this machine may be wrong, so only the length of the time counts.
    this.#renewAt = performance.now() + (exp - iat - RENEW_BEFORE_S) * 1000;
    this.#grant = grant;
  }

  async #request() {
    const headers = this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
    let answer;
    try {
      answer = await fetch(this.#address, {
        method: "POST",
        headers,
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new TokenProblem("unavailable");
    }
    if (answer.status === 401) throw new TokenProblem("refused");
    if (answer.status === 403) throw new TokenProblem("forbidden");
    if (answer.status === 409) throw new TokenProblem("unusable");
    if (!answer.ok) throw new TokenProblem("unavailable");
    return answer.json();
  }
}

function readClaims(token) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(part), (each) => each.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { createQueryClient } from "@/shared/api/query-client";
import { type CurrentUser, currentUserQuery } from "@/shared/api/session";
import { ANA } from "./signed-in-user";

export { ANA, conversation } from "./signed-in-user";

/** Renders below a signed-in user. */
export function renderSignedIn(children: ReactNode, user: CurrentUser = ANA) {
  const client = createQueryClient();
  client.setQueryData(currentUserQuery.queryKey, user);
  return render(<QueryClientProvider client={client}>{children}</QueryClientProvider>);
}

export interface SentRequest {
  method: string;
  path: string;
  body: unknown;
  key: string | null;
}

/**
 * Answers the requests of the page. `answer` gives a status and a body, or undefined for `{}`. Returns
 * the requests that were sent, in order.
 */
export function answerRequests(
  answer: (request: SentRequest) => { status?: number; body?: unknown } | undefined,
): SentRequest[] {
  const sent: SentRequest[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const text = await request.text();
    const one: SentRequest = {
      method: request.method,
      path: new URL(request.url).pathname.replace("/api/v1", ""),
      body: text ? JSON.parse(text) : null,
      key: request.headers.get("Idempotency-Key"),
    };
    sent.push(one);
    const { status = 200, body = {} } = answer(one) ?? {};
    return new Response(JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json" },
    });
  });
  return sent;
}

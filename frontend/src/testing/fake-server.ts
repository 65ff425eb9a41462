import { vi } from "vitest";

type Answer = (request: Request) => Response | Promise<Response>;

/**
 * Answers `fetch` by method and path below `/api/v1`, for example `"GET /auth/me"`; everything else
 * gets 404. `requests` has all requests in their order.
 */
export function fakeServer(answers: Record<string, Answer>): { requests: Request[] } {
  const requests: Request[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = new Request(input, init);
    requests.push(request.clone());
    const path = new URL(request.url).pathname.replace("/api/v1", "");
    const answer = answers[`${request.method} ${path}`];
    return answer ? answer(request) : Response.json({ title: "?", code: "none" }, { status: 404 });
  });
  return { requests };
}

import { isRedirect } from "@tanstack/react-router";
import { afterEach, expect, test } from "vitest";
import { createQueryClient } from "@/shared/api/query-client";
import { fakeServer } from "@/testing/fake-server";
import { reasonForCode, requireSession, safeTarget, skipIfSignedIn } from "./guard";

const setCookie = () => {
  // biome-ignore lint/suspicious/noDocumentCookie: jsdom has no Cookie Store
  document.cookie = "niochat_csrf=abc";
};
afterEach(() => {
  // biome-ignore lint/suspicious/noDocumentCookie: jsdom has no Cookie Store
  document.cookie = "niochat_csrf=; max-age=0";
});

/** Where the guard sends the user: the search of `/entrar`; null: nowhere. */
async function redirectOf(guarded: Promise<void>): Promise<object | null> {
  const thrown = await guarded.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown === null) return null;
  if (!isRedirect(thrown)) throw thrown;
  return thrown.options;
}

test("without a session it asks nothing and keeps the target", async () => {
  const server = fakeServer({});
  const options = await redirectOf(requireSession(createQueryClient(), "/contatos?q=ana"));
  expect(options).toMatchObject({ to: "/entrar", search: { ir: "/contatos?q=ana" } });
  expect(server.requests).toHaveLength(0);
});

test("an ended session leads to the sign-in with the reason", async () => {
  setCookie();
  const refuse = () => Response.json({ title: "?", code: "session_over" }, { status: 401 });
  fakeServer({ "GET /auth/me": refuse, "POST /auth/refresh": refuse });
  const options = await redirectOf(requireSession(createQueryClient(), "/quadro"));
  expect(options).toMatchObject({ search: { ir: "/quadro", motivo: "encerrada" } });
});

test("an expired access token is refreshed once and the page opens", async () => {
  setCookie();
  let fresh = false;
  const server = fakeServer({
    "GET /auth/me": () =>
      fresh ? Response.json({ id: "1" }) : Response.json({ code: "bad_token" }, { status: 401 }),
    "POST /auth/refresh": () => {
      fresh = true;
      return Response.json({});
    },
  });
  expect(await redirectOf(requireSession(createQueryClient(), "/quadro"))).toBeNull();
  expect(server.requests.map((each) => each.method)).toEqual(["GET", "POST", "GET"]);
  expect(server.requests[1]?.headers.get("x-csrf-token")).toBe("abc");
});

test("a suspended provider is told so", async () => {
  setCookie();
  fakeServer({
    "GET /auth/me": () => Response.json({ code: "tenant_suspended" }, { status: 403 }),
  });
  const options = await redirectOf(requireSession(createQueryClient(), "/"));
  expect(options).toMatchObject({ search: { motivo: "suspenso" } });
});

test("whoever is signed in skips the sign-in page", async () => {
  setCookie();
  fakeServer({ "GET /auth/me": () => Response.json({ id: "1" }) });
  const options = await redirectOf(skipIfSignedIn(createQueryClient(), "/quadro"));
  expect(options).toMatchObject({ href: "/quadro" });
});

test.each([
  [undefined, "/atendimentos"],
  ["/contatos?q=ana#x", "/contatos?q=ana#x"],
  ["https://evil.example/", "/atendimentos"],
  ["//evil.example/", "/atendimentos"],
  ["/\\evil.example/", "/atendimentos"],
  ["/entrar?ir=/entrar", "/atendimentos"],
])("the target %s leads to %s", (target, path) => {
  expect(safeTarget(target)).toBe(path);
});

test("reasons", () => {
  expect(reasonForCode("signed_out_here")).toBe("outra-aba");
  expect(reasonForCode("token_reused")).toBe("encerrada");
});

import { QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createQueryClient } from "@/shared/api/query-client";
import { fakeServer } from "@/testing/fake-server";
import { SignInPanel } from "./sign-in-panel";

const LOGIN = "POST /auth/login";
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ title: "?", status, code }, { status, headers });

async function renderPanel(reason?: "encerrada" | "suspenso") {
  const onSignedIn = vi.fn();
  const root = createRootRoute({
    component: () => <SignInPanel reason={reason} onSignedIn={onSignedIn} />,
  });
  const router = createRouter({
    routeTree: root,
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  render(
    <QueryClientProvider client={createQueryClient()}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  await screen.findByLabelText("E-mail");
  return onSignedIn;
}

async function sendPassword() {
  await userEvent.type(screen.getByLabelText("E-mail"), "ana@provedor.test");
  await userEvent.type(screen.getByLabelText("Senha"), "uma senha comprida");
  await userEvent.click(screen.getByRole("button", { name: "Entrar" }));
}

test("signs in with cookies", async () => {
  const server = fakeServer({ [LOGIN]: () => Response.json({}) });
  const onSignedIn = await renderPanel();
  await sendPassword();
  await vi.waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
  expect(await server.requests[0]?.json()).toEqual({
    login: "ana@provedor.test",
    password: "uma senha comprida",
    use_cookies: true,
  });
});

test("asks for what is missing and sends nothing", async () => {
  const server = fakeServer({});
  await renderPanel();
  await userEvent.click(screen.getByRole("button", { name: "Entrar" }));
  expect(await screen.findByText("Digite seu e-mail.")).toBeDefined();
  expect(screen.getByText("Digite sua senha.")).toBeDefined();
  expect(server.requests).toHaveLength(0);
});

test("a second factor: a wrong code, then a recovery code", async () => {
  const codes: unknown[] = [];
  fakeServer({
    [LOGIN]: async (request) => {
      const { code } = await request.json();
      if (!code) return problem(401, "second_factor_required");
      codes.push(code);
      return code === "aaaa-bbbb" ? Response.json({}) : problem(401, "bad_code");
    },
  });
  const onSignedIn = await renderPanel();
  await sendPassword();
  await userEvent.type(await screen.findByLabelText("Código de 6 dígitos"), "123 456");
  await userEvent.click(screen.getByRole("button", { name: "Confirmar" }));
  expect((await screen.findByRole("alert")).textContent).toContain("Código incorreto");
  await userEvent.click(screen.getByRole("button", { name: "Usar código de recuperação" }));
  await userEvent.type(screen.getByLabelText("Código de recuperação"), "aaaa-bbbb");
  await userEvent.click(screen.getByRole("button", { name: "Confirmar" }));
  await vi.waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
  expect(codes).toEqual(["123456", "aaaa-bbbb"]);
});

test("after too many attempts it counts the wait down and keeps the button from being pressed", async () => {
  fakeServer({ [LOGIN]: () => problem(429, "too_many_attempts", { "retry-after": "90" }) });
  await renderPanel();
  await sendPassword();
  expect((await screen.findByRole("alert")).textContent).toContain("1:30");
  expect(screen.getByRole("button", { name: "Entrar" })).toHaveProperty("disabled", true);
});

test.each([
  ["bad_credentials", 401, "E-mail ou senha incorretos"],
  ["tenant_suspended", 403, "está suspenso"],
  ["disabled", 403, "desativado"],
])("says what %s means", async (code, status, text) => {
  fakeServer({ [LOGIN]: () => problem(status, code) });
  await renderPanel();
  await sendPassword();
  expect((await screen.findByRole("alert")).textContent).toContain(text);
});

test("without a server it says so and can be tried again", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
  await renderPanel();
  await sendPassword();
  expect((await screen.findByRole("alert")).textContent).toContain("conexão");
  expect(screen.getByRole("button", { name: "Entrar" })).toHaveProperty("disabled", false);
});

test("says why the user is here", async () => {
  await renderPanel("encerrada");
  expect(screen.getByRole("status").textContent).toContain("Seus rascunhos continuam");
});

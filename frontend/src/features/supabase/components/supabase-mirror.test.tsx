import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { giveLayout } from "@/testing/layout";
import { ANA, answerRequests, renderSignedIn } from "@/testing/signed-in";
import type { MirrorSettings, MirrorStatus, ProjectCheck } from "../model/queries";
import { SupabaseMirror } from "./supabase-mirror";

const BOSS = { ...ANA, permissions: [...ANA.permissions, "settings:read", "settings:write"] };
const SETTINGS: MirrorSettings = {
  enabled: true,
  url: "https://abc.supabase.co",
  key_hint: "1234",
  publishable_key: "sb_publishable_1",
  messages: "metadata",
  has_jwt_secret: false,
  paused_at: null,
  changed_at: "2026-12-01T12:00:00Z",
  has_installation_project: false,
  issuer: "https://desk.example.com/api/v1/tenant-tokens",
};
const STATUS: MirrorStatus = {
  state: "active",
  lag_s: 0,
  backfill: { running: false, done: 0, total: 0 },
  failure: null,
  mirrored_at: "2026-12-01T12:00:00Z",
  rows_sent: 1234,
  dead_letters: [],
};
const CHECKS: ProjectCheck[] = [
  { name: "reachable", ok: true, code: "", detail: "" },
  { name: "key", ok: false, code: "key_refused", detail: "set its secret key" },
  { name: "tables", ok: null, code: "", detail: "" },
  { name: "token", ok: null, code: "", detail: "" },
];

beforeEach(() => giveLayout());

function serve(
  status: Partial<MirrorStatus> = {},
  put: { status?: number; body?: unknown } = { body: SETTINGS },
) {
  return answerRequests(({ method, path }) => {
    if (path === "/supabase") return method === "PUT" ? put : { body: SETTINGS };
    if (path === "/supabase/status") return { body: { ...STATUS, ...status } };
    if (path === "/supabase/test") return { body: CHECKS };
    return undefined;
  });
}

test("shows what is saved, and never the key", async () => {
  serve();
  renderSignedIn(<SupabaseMirror />, BOSS);
  expect(await screen.findByLabelText("Endereço do projeto")).toHaveProperty(
    "value",
    "https://abc.supabase.co",
  );
  expect(screen.getByLabelText("Chave secreta")).toHaveProperty("value", "");
  expect(screen.getByText(/termina em 1234/)).toBeDefined();
  expect(await screen.findByText("Espelhando")).toBeDefined();
  expect(screen.getByText("1.234")).toBeDefined();
});

test("says what leaves the house, by policy", async () => {
  serve();
  renderSignedIn(<SupabaseMirror />, BOSS);
  expect(await screen.findByText(/ficam no NioChat/)).toBeDefined();
});

test("saves without the key that stays, and tells a refusal at its field", async () => {
  const refused = { status: 400, body: { title: "?", status: 400, code: "supabase_key_needed" } };
  const sent = serve({}, refused);
  renderSignedIn(<SupabaseMirror />, BOSS);
  const url = await screen.findByLabelText("Endereço do projeto");
  await userEvent.clear(url);
  await userEvent.type(url, "https://def.supabase.co");
  expect(screen.getByRole("button", { name: "Testar projeto" })).toHaveProperty("disabled", true);
  await userEvent.click(screen.getByRole("button", { name: "Salvar" }));
  expect(await screen.findByText(/Outro endereço pede a sua própria chave/)).toBeDefined();
  expect(sent.find((each) => each.method === "PUT")?.body).toEqual({
    enabled: true,
    messages: "metadata",
    url: "https://def.supabase.co",
    publishable_key: "sb_publishable_1",
  });
});

test("shows each result of the test with what to do", async () => {
  serve();
  renderSignedIn(<SupabaseMirror />, BOSS);
  await userEvent.click(await screen.findByRole("button", { name: "Testar projeto" }));
  expect(await screen.findByText("O projeto responde: certo")).toBeDefined();
  expect(screen.getByText(/A chave secreta é aceita: falhou/)).toBeDefined();
  expect(screen.getByText(/O projeto recusa a chave secreta/)).toBeDefined();
  expect(screen.getByText("As tabelas existem: não testado ainda")).toBeDefined();
});

test("shows a failure, the progress and refused rows", async () => {
  serve({
    state: "failing",
    lag_s: 125,
    backfill: { running: true, done: 50, total: 200 },
    failure: {
      code: "schema_missing",
      detail: "?",
      since: "2026-12-01T12:00:00Z",
      retry_at: null,
    },
    dead_letters: [
      {
        source: "messages",
        code: "22P05",
        reason: "400 22P05 unsupported",
        counted: 2,
        last_at: "2026-12-01T12:00:00Z",
      },
    ],
  });
  renderSignedIn(<SupabaseMirror />, BOSS);
  expect(await screen.findByText(/niochat supabase push/)).toBeDefined();
  expect(screen.getByText("2 min")).toBeDefined();
  const bar = screen.getByRole("progressbar", { name: "Envio inicial" });
  expect(bar.getAttribute("aria-valuenow")).toBe("25");
  expect(screen.getByText("400 22P05 unsupported")).toBeDefined();
  expect(screen.getByText(/2 linhas/)).toBeDefined();
});

test("pauses the mirror", async () => {
  const sent = serve();
  renderSignedIn(<SupabaseMirror />, BOSS);
  await userEvent.click(await screen.findByRole("button", { name: "Pausar" }));
  await waitFor(() =>
    expect(sent.find((each) => each.path === "/supabase/pause")?.body).toEqual({ paused: true }),
  );
});

test("who may only read can change and test nothing", async () => {
  serve();
  const reader = { ...ANA, permissions: [...ANA.permissions, "settings:read"] };
  renderSignedIn(<SupabaseMirror />, reader);
  await screen.findByText("Espelhando");
  expect(screen.queryByRole("button", { name: "Salvar" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Pausar" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Testar projeto" })).toBeNull();
});

test("who may not read is told so", async () => {
  renderSignedIn(<SupabaseMirror />);
  expect(await screen.findByText("Você não vê o espelho no Supabase")).toBeDefined();
});

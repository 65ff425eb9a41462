import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommand } from "@/shared/commands/registry";
import type { InboxSearch } from "@/shared/navigation/inbox-search";
import { toast } from "@/shared/ui/feedback/toaster";
import { giveLayout } from "@/testing/layout";
import { fixture } from "@/testing/live-fixture";
import { answerRequests, renderSignedIn, type SentRequest } from "@/testing/signed-in";
import { ANA, conversation } from "@/testing/signed-in-user";
import { InboxList } from "./components/inbox-list";

vi.mock("@/shared/live", () => import("@/testing/live-fixture"));

const NAMES = ["Ana", "Bia", "Caio", "Davi", "Eva"];
const id = (name: string) => `row-${name}`;
const row = (name: string) => conversation({ id: id(name), contact: name });
let sent: SentRequest[] = [];
let preset = "default";

vi.setConfig({ testTimeout: 30_000 }); // typing and menus are slow on a busy machine

beforeEach(() => {
  giveLayout();
  preset = "default";
  fixture.reset();
  fixture.set({ rows: NAMES.map(row) });
  sent = answerRequests(({ path, body }) => {
    if (path === "/colleagues") return { body: { users: [], teams: [] } };
    if (path === "/preferences") return { body: { list_preset: preset } };
    if (path === "/conversations/bulk") {
      const { ids } = body as { ids: string[] };
      return { body: { results: ids.map((each) => ({ id: each, result: "done" })) } };
    }
    return { body: path === "/labels" || path === "/channels" ? [] : { done: true } };
  });
});
afterEach(() => {
  toast.dismiss();
  vi.unstubAllGlobals();
});

function Page({ initial }: { initial: InboxSearch }) {
  const [search, setSearch] = useState(initial);
  const [openId, setOpenId] = useState<string | null>(null);
  return (
    <>
      <InboxList search={search} onSearchChange={setSearch} openId={openId} onOpen={setOpenId} />
      <output>{JSON.stringify({ openId, ...search })}</output>
    </>
  );
}
const show = (initial: InboxSearch = {}) => renderSignedIn(<Page initial={initial} />);
const address = () => JSON.parse(screen.getByRole("status", { name: "" }).textContent ?? "{}");
const options = () => screen.getAllByRole("option");
const order = () => options().map((each) => each.dataset.rowId?.replace("row-", ""));
const chosen = () =>
  options()
    .filter((each) => each.getAttribute("aria-selected") === "true")
    .map((each) => each.dataset.rowId?.replace("row-", ""));

test("arrows move one focus, Enter opens", async () => {
  show();
  expect(options().filter((each) => each.tabIndex === 0)).toHaveLength(1);
  act(() => options()[0]?.focus());
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  expect(document.activeElement).toBe(options()[2]);
  expect(address().openId).toBe(id("Caio"));
  await userEvent.keyboard("{End}");
  expect(document.activeElement?.getAttribute("data-row-id")).toBe(id("Eva"));
  expect(options()[2]?.getAttribute("aria-current")).toBe("true");
});

test("the thread under a resting pointer is fetched before the click", async () => {
  show();
  const [first, second] = options() as [HTMLElement, HTMLElement];
  fireEvent.pointerOver(first); // on the way to the second
  fireEvent.pointerOver(second);
  await waitFor(() => expect(fixture.get().prefetched).toEqual([id("Bia")]));
});

test("the focus stays in the list when its row leaves", () => {
  show();
  act(() => options()[1]?.focus());
  act(() => fixture.set({ rows: ["Ana", "Caio", "Davi", "Eva"].map(row) }));
  expect(document.activeElement?.getAttribute("data-row-id")).toBe(id("Caio"));
});

test("the order holds while the pointer is on the list, and a button shows what is new", async () => {
  show();
  await userEvent.hover(options()[1] as HTMLElement);
  fireEvent.pointerMove(options()[1] as HTMLElement, { pointerType: "mouse" });
  act(() => fixture.set({ rows: ["Zoe", "Caio", "Ana", "Bia", "Davi", "Eva"].map(row) }));
  expect(order()).toEqual(NAMES);
  await userEvent.click(screen.getByRole("button", { name: "1 nova" }));
  expect(order()?.slice(0, 2)).toEqual(["Zoe", "Caio"]);
});

test("rows are chosen by key, range and all, and Escape lets go", async () => {
  show();
  act(() => options()[1]?.focus());
  await userEvent.keyboard("x");
  expect(chosen()).toEqual(["Bia"]);
  const user = userEvent.setup();
  await user.keyboard("{Shift>}");
  await user.click(options()[3] as HTMLElement);
  await user.keyboard("{/Shift}");
  expect(chosen()).toEqual(["Bia", "Caio", "Davi"]);
  expect(address().openId).toBeNull();
  await user.keyboard("{Control>}a{/Control}");
  expect(chosen()).toEqual(NAMES);
  await user.keyboard("{Escape}");
  expect(chosen()).toEqual([]);
});

test("the chosen ones are resolved together and then let go", async () => {
  show();
  await userEvent.click(within(options()[0] as HTMLElement).getByTestId("choose"));
  await userEvent.click(within(options()[2] as HTMLElement).getByTestId("choose"));
  const bar = screen.getByRole("toolbar", { name: "Conversas escolhidas" });
  await userEvent.click(within(bar).getByRole("button", { name: "Encerrar" }));
  await vi.waitFor(() => expect(chosen()).toEqual([]));
  const bulk = sent.filter((each) => each.path === "/conversations/bulk");
  expect(bulk.map((each) => each.body)).toEqual([
    expect.objectContaining({ act: "resolve", ids: [id("Ana"), id("Caio")] }),
  ]);
});

test("rows out of sight are acted on as well", async () => {
  const many = Array.from({ length: 120 }, (_, index) => row(String(index)));
  fixture.set({ rows: many });
  show();
  act(() => options()[0]?.focus());
  await userEvent.keyboard("{Control>}a{/Control}");
  await userEvent.click(
    within(screen.getByRole("toolbar")).getByRole("button", { name: "Prioridade" }),
  );
  await userEvent.click(await screen.findByRole("menuitemcheckbox", { name: /Urgente/ }));
  await vi.waitFor(() =>
    expect(sent.filter((each) => each.path === "/conversations/bulk")).toHaveLength(2),
  );
  const bulk = sent.filter((each) => each.path === "/conversations/bulk");
  expect(bulk.flatMap((each) => (each.body as { ids: string[] }).ids)).toHaveLength(120);
});

test("who may not act is offered no acts", async () => {
  const viewer = { ...ANA, permissions: ["conversations:read:all"] };
  renderSignedIn(<Page initial={{}} />, viewer);
  await userEvent.click(within(options()[0] as HTMLElement).getByTestId("choose"));
  const bar = screen.getByRole("toolbar");
  expect(within(bar).getByRole("button", { name: "Encerrar" })).toHaveProperty("disabled", true);
  fireEvent.contextMenu(options()[1] as HTMLElement);
  const items = await screen.findAllByRole("menuitem");
  expect(items).toHaveLength(1);
  expect(items[0]?.textContent).toContain("Copiar protocolo");
});

test("commands of the page step through the list", async () => {
  show();
  act(() => void runCommand("list.next"));
  expect(address().openId).toBe(id("Ana"));
  act(() => void runCommand("list.next"));
  act(() => void runCommand("list.previous"));
  expect(address().openId).toBe(id("Ana"));
  await act(async () => void runCommand("conversation.resolve_next"));
  await vi.waitFor(() => expect(address().openId).toBe(id("Bia")));
  expect(sent.at(-1)?.path).toMatch(/row-Ana\/resolve$/);
});

test("a filter of the address is asked for, shown, and taken away", async () => {
  show({ etiqueta: ["boleto"], ordem: "waiting" });
  expect(fixture.get().asked.at(-1)).toEqual({
    filter: { tab: "mine", label: ["boleto"] },
    sort: "waiting",
  });
  await userEvent.click(screen.getByRole("button", { name: "Tirar o filtro boleto" }));
  expect(address().etiqueta).toBeUndefined();
});

test("filters are saved as a folder", async () => {
  show({ equipe: ["support"] });
  await userEvent.click(screen.getByRole("button", { name: "Pastas" }));
  await userEvent.click(
    await screen.findByRole("menuitem", { name: "Salvar filtros como pasta…" }),
  );
  await userEvent.type(await screen.findByLabelText("Nome da pasta"), "Técnico{Enter}");
  await vi.waitFor(() => expect(sent.some((each) => each.method === "PUT")).toBe(true));
  const saved = sent.find((each) => each.method === "PUT")?.body as { folders: object[] };
  expect(saved.folders).toEqual([
    expect.objectContaining({ name: "Técnico", filter: { team: ["support"] } }),
  ]);
  expect(address().pasta).toBeTruthy();
});

test("an empty tab says why and what to do", async () => {
  fixture.set({ rows: [] });
  show();
  expect(screen.getByText("Nenhum atendimento com você")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Ver a fila" }));
  expect(address().aba).toBe("unassigned");
  expect(screen.getByText("Ninguém esperando")).toBeDefined();
});

test("a list that did not load says so and loads again", async () => {
  const retry = vi.fn();
  fixture.set({ rows: [], list: { state: "error", error: new Error("x"), retry } });
  show();
  expect(screen.getByRole("alert").textContent).toContain("A lista não carregou");
  await userEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
  expect(retry).toHaveBeenCalled();
});

test("the Brazilian preset shows its tabs", async () => {
  preset = "brazilian";
  show();
  await screen.findByRole("tab", { name: /Atendendo/ });
  await userEvent.click(screen.getByRole("tab", { name: "Encerrados" }));
  expect(fixture.get().asked.at(-1)?.filter).toEqual({ tab: "all", status: ["resolved"] });
});

test("a waiting row turns late, and a row says who is there and who types", () => {
  const now = Date.parse("2026-03-12T14:05:00Z");
  fixture.set({
    rows: [conversation({ id: "w", waiting_since: "2026-03-12T14:03:00Z" })],
    now,
    typing: { w: ["someone"] },
    viewers: { w: ["someone"] },
    unread: { w: 12 },
  });
  show();
  const [only] = options();
  expect(only?.textContent).toContain("2:00");
  expect(only?.textContent).toContain("Colega está digitando…");
  expect(only?.textContent).toContain("Vendo agora: Colega");
  expect(only?.textContent).toContain("12 mensagens não lidas");
  act(() => fixture.set({ now: now + 4 * 60_000 }));
  expect(options()[0]?.textContent).toContain("6:00atrasado");
});

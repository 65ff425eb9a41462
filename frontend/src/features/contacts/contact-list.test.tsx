import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toast } from "@/shared/ui/feedback/toaster";
import { fakeServer } from "@/testing/fake-server";
import { completeBrowser, renderRouted } from "@/testing/routed";
import { ANA } from "@/testing/signed-in";
import { ContactList } from "./components/contact-list";
import { isTaxId } from "./model/contact-search";

const contact = (id: string, name: string, more: object = {}) => ({
  id,
  name,
  phone: "5581988887777",
  phones: ["5581988887777"],
  labels: ["vip", "fibra"],
  blocked: false,
  ...more,
});
const PEOPLE = [contact("c1", "Ana Prado"), contact("c2", "Bruno Reis", { blocked: true })];
const WRITER = {
  ...ANA,
  permissions: ["contacts:read", "contacts:write", "contacts:export"],
} as typeof ANA;
const json = (body: unknown, status = 200) => Response.json(body, { status });
const problem = (status: number, more: object) => json({ title: "?", status, ...more }, status);

beforeEach(() => {
  completeBrowser();
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(400);
});
afterEach(() => toast.dismiss());

async function show(user = WRITER) {
  const [onOpen, onSearch] = [vi.fn(), vi.fn()];
  await renderRouted(
    <ContactList search="" labels={[]} openId={null} onOpen={onOpen} onSearch={onSearch} />,
    user,
  );
  return { onOpen, onSearch };
}
const listed = { "GET /contacts": () => json({ items: PEOPLE, next_cursor: null }) };
const LABELS = {
  "GET /labels": () => json([{ name: "vip", conversations: 0, contacts: 2 }]),
};

test("a row has name, phone, labels and the mark of a block; Enter opens it", async () => {
  fakeServer({ ...listed, ...LABELS });
  const { onOpen } = await show();
  const [first, second] = await screen.findAllByRole("option");
  expect(within(first as HTMLElement).getByText("+55 81 98888-7777")).toBeDefined();
  expect(within(first as HTMLElement).getByText("vip")).toBeDefined();
  expect(within(second as HTMLElement).getByText("Bloqueado")).toBeDefined();
  first?.focus();
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(onOpen).toHaveBeenCalledWith("c2");
});

test("a word is searched once the user pauses, and the address follows", async () => {
  const { requests } = fakeServer({ ...listed, ...LABELS });
  const { onSearch } = await show();
  await userEvent.type(await screen.findByRole("searchbox"), "mar");
  await waitFor(() => expect(onSearch).toHaveBeenLastCalledWith("mar", []));
  const searches = requests.map((each) => new URL(each.url).searchParams.get("q"));
  expect(searches.filter((each) => each !== null)).toEqual(["mar"]);
});

test("a CPF is sent in the body and stays out of the address", async () => {
  const lookup = vi.fn(() => json({ items: [PEOPLE[0]], next_cursor: null }));
  const { requests } = fakeServer({ ...listed, ...LABELS, "POST /contacts/lookup": lookup });
  const { onSearch } = await show();
  fireEvent.change(await screen.findByRole("searchbox"), { target: { value: "123.456.789-09" } });
  await waitFor(() => expect(lookup).toHaveBeenCalled());
  expect(await requests.find((each) => each.method === "POST")?.json()).toEqual({
    document: "123.456.789-09",
  });
  expect(onSearch).not.toHaveBeenCalled();
});

test("which texts are a CPF or CNPJ", () => {
  expect(isTaxId("12345678909")).toBe(true);
  expect(isTaxId("12.345.678/0001-95")).toBe(true);
  expect(isTaxId("81988887777")).toBe(false);
  expect(isTaxId("maria")).toBe(false);
});

test("a search without hits says how to search", async () => {
  fakeServer({ ...LABELS, "GET /contacts": () => json({ items: [], next_cursor: null }) });
  await show();
  await screen.findByText("Ainda não há contatos");
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "zz" } });
  await screen.findByText("Nenhum contato encontrado");
});

test("a new contact needs a name and a whole number, and an existing one is offered", async () => {
  const { requests } = fakeServer({
    ...listed,
    ...LABELS,
    "POST /contacts": () => problem(409, { code: "contact_exists", existing_id: "c7" }),
  });
  const { onOpen } = await show();
  await userEvent.click(await screen.findByRole("button", { name: "Novo contato" }));
  await userEvent.click(screen.getByRole("button", { name: "Salvar" }));
  await screen.findByText("Escreva o nome.");
  fireEvent.change(screen.getByLabelText(/^Nome/), { target: { value: "Davi" } });
  fireEvent.change(screen.getByLabelText(/^Telefone/), { target: { value: "988887777" } });
  await screen.findByText(/Confira o número/);
  fireEvent.change(screen.getByLabelText(/^Telefone/), { target: { value: "81988887777" } });
  await userEvent.click(screen.getByRole("button", { name: "Salvar" }));
  await userEvent.click(await screen.findByRole("button", { name: "Abrir contato" }));
  expect(onOpen).toHaveBeenCalledWith("c7");
  const sent = requests.filter((each) => each.method === "POST");
  expect(await sent[0]?.json()).toEqual({ name: "Davi", phone: "+5581988887777" });
});

test("an export that fails says so, and nobody without the permission is offered one", async () => {
  fakeServer({ ...listed, ...LABELS, "GET /contacts/export": () => problem(403, { code: "x" }) });
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Exportar contatos (CSV)" }));
  await screen.findByText("Os contatos não foram exportados");
});

test("who may only read gets no button that changes", async () => {
  fakeServer({ ...listed, ...LABELS });
  await show({ ...WRITER, permissions: ["contacts:read"] });
  await screen.findAllByRole("option");
  expect(screen.queryByRole("button", { name: "Novo contato" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Exportar contatos (CSV)" })).toBeNull();
});

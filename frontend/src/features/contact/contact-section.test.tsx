import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toast } from "@/shared/ui/feedback/toaster";
import { completeBrowser, renderRouted } from "@/testing/routed";
import { ANA, answerRequests, type SentRequest } from "@/testing/signed-in";
import { ContactSection } from "./components/contact-section";

const ID = "bbbbbbbb-0000-4000-8000-000000000001";
const MARIA = {
  id: ID,
  name: "Maria das Dores",
  phone: "5581988887777",
  phones: ["5581988887777", "558133334444"],
  addresses: [],
  document: "123.456.789-09",
  has_document: true,
  notes: "",
  labels: ["vip"],
  blocked: false,
  opted_out: false,
  merged_into: null,
  created_at: "2026-01-02T10:00:00Z",
};
const WRITER = { ...ANA, permissions: [...ANA.permissions, "contacts:read", "contacts:write"] };
const READER = { ...ANA, permissions: ["contacts:read"] };

beforeEach(completeBrowser);
afterEach(() => toast.dismiss());

/** A server that keeps one contact; `refuse` answers instead of it. */
function contactServer(refuse: (request: SentRequest) => { status: number; body: object } | null) {
  let contact = { ...MARIA };
  return answerRequests((request) => {
    const refusal = refuse(request);
    if (refusal) return refusal;
    const { method, path, body } = request;
    if (path === "/labels") return { body: [{ name: "mudanca", conversations: 0, contacts: 1 }] };
    if (method === "PATCH") contact = { ...contact, ...(body as object) };
    if (path.endsWith("/labels")) contact = { ...contact, ...(body as object) };
    if (path.endsWith("/block")) contact = { ...contact, blocked: true };
    return { body: path.endsWith("/block") ? { ...contact, open_conversations: ["x"] } : contact };
  });
}
const accept = () => null;
const show = (user = WRITER) =>
  renderRouted(<ContactSection contactId={ID} conversationId={null} canStart />, user);

test("the name is edited in its place, and the pencil has the focus again", async () => {
  const sent = contactServer(accept);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Editar nome" }));
  const field = screen.getByLabelText("Nome");
  await userEvent.clear(field);
  await userEvent.type(field, "Maria Lima{Enter}");
  await screen.findByText("Maria Lima");
  expect(sent.find((each) => each.method === "PATCH")?.body).toEqual({ name: "Maria Lima" });
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Editar nome" }));
});

test("a wrong CPF is explained beside its field and nothing is lost", async () => {
  contactServer(({ method }) =>
    method === "PATCH" ? { status: 422, body: { code: "bad_document", title: "…" } } : null,
  );
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Editar CPF/CNPJ" }));
  const field = screen.getByLabelText("CPF/CNPJ");
  await userEvent.clear(field);
  await userEvent.type(field, "111{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("CPF ou CNPJ inválido");
  expect(field).toHaveProperty("value", "111");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  await userEvent.keyboard("{Escape}");
  expect(screen.getByText("123.456.789-09")).toBeDefined();
});

test("of two quick changes of labels the second is sent with the first", async () => {
  const sent = contactServer(accept);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Etiqueta" }));
  const list = await screen.findByRole("dialog", { name: "Etiquetas do contato" });
  fireEvent.click(await within(list).findByRole("option", { name: /mudanca/ }));
  fireEvent.click(within(list).getByRole("option", { name: /vip/ }));
  const puts = () => sent.filter((each) => each.method === "PUT").map((each) => each.body);
  await waitFor(() => expect(puts()).toHaveLength(2));
  expect(puts().at(-1)).toEqual({ labels: ["mudanca"] });
});

test("notes are saved when the field is left, and kept when that fails", async () => {
  let isDown = true;
  const sent = contactServer(({ method }) =>
    method === "PATCH" && isDown ? { status: 503, body: { code: "crowded", title: "…" } } : null,
  );
  await show();
  const field = await screen.findByLabelText("Anotações");
  await userEvent.type(field, "Prefere ligação");
  await userEvent.tab();
  await screen.findByText(/O servidor está ocupado/);
  expect(field).toHaveProperty("value", "Prefere ligação");
  isDown = false;
  await userEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
  await screen.findByText("Salvo");
  expect(sent.filter((each) => each.method === "PATCH").at(-1)?.body).toEqual({
    notes: "Prefere ligação",
  });
});

test("blocking asks first and tells which conversations are left open", async () => {
  const sent = contactServer(accept);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Bloquear" }));
  expect(sent.some((each) => each.method === "POST")).toBe(false);
  const question = screen.getByRole("alertdialog");
  await userEvent.click(within(question).getByRole("button", { name: "Bloquear" }));
  await screen.findByText(/1 atendimento continua aberto/);
  await screen.findByRole("button", { name: "Desbloquear" });
  expect(screen.queryByRole("button", { name: "Iniciar atendimento" })).toBeNull();
});

test("who may only read changes nothing", async () => {
  contactServer(accept);
  await show(READER as typeof WRITER);
  await screen.findByText("Maria das Dores");
  expect(screen.queryAllByRole("button")).toEqual([]);
  expect(screen.queryByRole("textbox")).toBeNull();
});

test("a contact that does not load can be asked for again", async () => {
  let isGone = true;
  contactServer(() => (isGone ? { status: 404, body: { code: "not_found", title: "…" } } : null));
  await show();
  await screen.findByText("O contato não carregou");
  isGone = false;
  await userEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
  await screen.findByText("Maria das Dores");
});

test("who wants no message that the provider begins gets none, and only administrators undo it", async () => {
  const sent = contactServer(accept);
  await show();
  const box = await screen.findByRole("checkbox", {
    name: "Pode receber mensagens que a empresa começa",
  });
  expect(box.getAttribute("aria-checked")).toBe("true");
  await userEvent.click(box);
  await waitFor(() => expect(box.getAttribute("aria-checked")).toBe("false"));
  expect(sent.find((each) => each.method === "PATCH")?.body).toEqual({ opted_out: true });
  expect(box.hasAttribute("disabled")).toBe(true);
});

test("who may only read contacts cannot change whether they are asked", async () => {
  contactServer(accept);
  await show(READER);
  await screen.findByText("Maria das Dores");
  expect(screen.queryByRole("checkbox")).toBeNull();
});

import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { runCommand } from "@/shared/commands/registry";
import {
  closeStartConversation,
  openStartConversation,
} from "@/shared/navigation/start-conversation";
import { completeBrowser, renderRouted } from "@/testing/routed";
import { ANA, answerRequests, type SentRequest } from "@/testing/signed-in";
import { StartConversation } from "./start-conversation";

const STARTED = "aaaaaaaa-0000-4000-8000-000000000009";
const channel = (id: string, status: string) => ({ id, name: `Canal ${id}`, slug: id, status });
const CARLOS = {
  id: "c1",
  name: "Carlos Souza",
  phone: "5581977776666",
  phones: ["5581977776666"],
  blocked: false,
};
const SEARCHER = { ...ANA, permissions: [...ANA.permissions, "contacts:read"] };

beforeAll(() => import("./components/start-dialog"));
beforeEach(completeBrowser);
afterEach(() => act(closeStartConversation));

function startServer(answer: (request: SentRequest, attempt: number) => object) {
  let attempts = 0;
  return answerRequests((request) => {
    if (request.path === "/channels") {
      return { body: [channel("a", "disconnected"), channel("b", "connected")] };
    }
    if (request.path === "/contacts") return { body: { items: [CARLOS], next_cursor: null } };
    if (request.path !== "/conversations") return undefined;
    attempts += 1;
    return answer(request, attempts);
  });
}
const starts = (sent: SentRequest[]) => sent.filter((each) => each.path === "/conversations");

async function show(user = ANA) {
  const onOpen = vi.fn();
  await renderRouted(<StartConversation onOpen={onOpen} />, user);
  return onOpen;
}

async function writeTo(number: string) {
  act(() => openStartConversation());
  fireEvent.change(await screen.findByRole("combobox", { name: /elefone/ }), {
    target: { value: number },
  });
}

test("a new number is shown formatted and the connected channel is used", async () => {
  const sent = startServer(() => ({ body: { done: true, conversation_id: STARTED } }));
  const onOpen = await show();
  await writeTo("81 9 8888-7777");
  await userEvent.click(await screen.findByText("Novo número: +55 81 98888-7777"));
  await userEvent.type(screen.getByLabelText("Primeira mensagem"), "Bom dia");
  await userEvent.click(screen.getByRole("button", { name: "Enviar e abrir" }));
  await waitFor(() => expect(onOpen).toHaveBeenCalledWith(STARTED));
  expect(starts(sent).map((each) => each.body)).toEqual([
    { channel_id: "b", text: "Bom dia", phone: "+5581988887777", despite_opt_out: false },
  ]);
});

test("an incomplete number cannot be chosen and says what is missing", async () => {
  startServer(() => ({}));
  await show();
  await writeTo("98888-7777");
  await screen.findByText(/DDD e número, ou \+/);
  expect(screen.queryByRole("option")).toBeNull();
  expect(screen.getByRole("button", { name: "Enviar e abrir" })).toHaveProperty("disabled", true);
});

test("a contact is found by name", async () => {
  const sent = startServer(() => ({ body: { done: true, conversation_id: STARTED } }));
  const onOpen = await show(SEARCHER);
  await writeTo("carlos");
  await userEvent.click(await screen.findByRole("option", { name: /Carlos Souza/ }));
  fireEvent.change(screen.getByLabelText("Primeira mensagem"), { target: { value: "Olá" } });
  await userEvent.click(screen.getByRole("button", { name: "Enviar e abrir" }));
  await waitFor(() => expect(onOpen).toHaveBeenCalled());
  expect(starts(sent)[0]?.body).toMatchObject({ contact_id: "c1", text: "Olá" });
});

test("a conversation that is open already can be opened", async () => {
  const problem = { code: "conversation_open", title: "…", existing_id: "x-open" };
  startServer(() => ({ status: 409, body: problem }));
  const onOpen = await show();
  act(() => openStartConversation({ contact: CARLOS }));
  fireEvent.change(await screen.findByLabelText("Primeira mensagem"), { target: { value: "Oi" } });
  await userEvent.click(screen.getByRole("button", { name: "Enviar e abrir" }));
  await screen.findByText(/Já existe um atendimento aberto/);
  await userEvent.click(screen.getByRole("button", { name: "Abrir atendimento" }));
  expect(onOpen).toHaveBeenCalledWith("x-open");
});

test("a contact who opted out is written to only on purpose", async () => {
  const answers = [
    { status: 409, body: { code: "contact_opted_out" } },
    { body: { done: true, conversation_id: STARTED } },
  ];
  const sent = startServer((_, attempt) => answers[attempt - 1] ?? {});
  const onOpen = await show();
  act(() => openStartConversation({ contact: CARLOS }));
  fireEvent.change(await screen.findByLabelText("Primeira mensagem"), { target: { value: "Oi" } });
  await userEvent.click(screen.getByRole("button", { name: "Enviar e abrir" }));
  await screen.findByText(/pediu para não receber/);
  await userEvent.click(screen.getByRole("button", { name: "Escrever mesmo assim" }));
  await waitFor(() => expect(onOpen).toHaveBeenCalledWith(STARTED));
  expect(starts(sent).map((each) => each.body)).toMatchObject([
    { despite_opt_out: false },
    { despite_opt_out: true },
  ]);
});

test("after a lost answer the same key is sent again, after a refusal another one", async () => {
  const answers = [
    { status: 503, body: { code: "crowded" } },
    { status: 409, body: { code: "channel_disconnected" } },
    { body: { done: true, conversation_id: STARTED } },
  ];
  const sent = startServer((_, attempt) => answers[attempt - 1] ?? {});
  const onOpen = await show();
  act(() => openStartConversation({ contact: CARLOS }));
  fireEvent.change(await screen.findByLabelText("Primeira mensagem"), { target: { value: "Oi" } });
  const send = () => userEvent.click(screen.getByRole("button", { name: "Enviar e abrir" }));
  await send();
  await screen.findByText(/O servidor está ocupado/);
  await send();
  await screen.findByText(/O canal está desconectado/);
  await send();
  await waitFor(() => expect(onOpen).toHaveBeenCalledWith(STARTED));
  const [first, second, third] = starts(sent).map((each) => each.key);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test("the command is not offered to who may not reply", async () => {
  await show({ ...ANA, permissions: ["conversations:read:all"] });
  expect(runCommand("conversation.start")).toBe(false);
});

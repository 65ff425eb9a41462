import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { runCommand } from "@/shared/commands/registry";
import { type Message, outbox } from "@/shared/live";
import { fakeServer } from "@/testing/fake-server";
import { giveLayout } from "@/testing/layout";
import { serverTime } from "@/testing/live-builders";
import { DeskServer, renderDesk } from "@/testing/live-desk";
import { ANA } from "@/testing/signed-in";
import { ThreadPane } from ".";
import { ANNOUNCE_EVERY_MS } from "./components/incoming-log";

vi.setConfig({ testTimeout: 30_000 }); // menus are slow on a busy machine

const DAY_MS = 24 * 3600_000;
const MINE = { status: "open", agent: ANA.id } as const;
const own = (more: Partial<Message>): Partial<Message> => ({
  author: "agent",
  details: { agent: ANA.id },
  status: "sent",
  ...more,
});

let server: DeskServer;
beforeEach(() => {
  giveLayout();
  server = new DeskServer();
});

async function show(messages: Partial<Message>[], answers: Parameters<typeof fakeServer>[0] = {}) {
  const fake = fakeServer(answers);
  server.hold(MINE, messages);
  await renderDesk(server, <ThreadPane conversationId={server.id} onHistory={() => undefined} />);
  await screen.findByRole("feed");
  return fake;
}

const messagePath = (id: string, rest = "") => `/conversations/${server.id}/messages/${id}${rest}`;
const articleOf = (text: string) =>
  screen.getByText(text).closest<HTMLElement>("article") as HTMLElement;

test("a long text is cut until it is opened", async () => {
  await show([{ text: `${"palavra ".repeat(400)}fim do texto` }]);
  const more = await screen.findByRole("button", { name: "Ler tudo" });
  expect(screen.queryByText(/fim do texto/)).toBeNull();
  fireEvent.click(more);
  expect(screen.getByText(/fim do texto/)).toBeDefined();
});

test.each([
  ["queued", "Na fila de envio"],
  ["uncertain", "Envio sem confirmação: estamos verificando com o WhatsApp"],
  ["sent", "Enviada"],
  ["delivered", "Entregue"],
  ["read", "Lida"],
])("the mark of %s has a name", async (status, name) => {
  await show([own({ status })]);
  expect(await screen.findByRole("img", { name })).toBeDefined();
});

test("a failed message says why and offers to send it again, once", async () => {
  const { requests } = await show([own({ status: "failed", code: "gateway_404" })], {
    [`POST ${messagePath("m1", "/retry")}`]: () => Response.json({}),
  });
  await screen.findByText(/Este número não tem WhatsApp/);
  fireEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
  const done = await screen.findByRole("button", { name: "Enviada de novo" });
  expect((done as HTMLButtonElement).disabled).toBe(true);
  expect(requests.filter((each) => each.url.endsWith("/retry"))).toHaveLength(1);
});

test("a send that the server refuses keeps its words and offers to repeat it", async () => {
  const { ApiError } = await import("@/shared/api/problem");
  server.sendApi.submit = async () => {
    throw new ApiError(409, { code: "not_yours" });
  };
  await show([{ text: "oi" }]);
  await act(async () => {
    await outbox.send(server.id, { kind: "message", text: "minhas palavras" });
  });
  await screen.findByText(/Outro atendente está com este atendimento/);
  expect(screen.getByText("minhas palavras")).toBeDefined();
  expect(screen.getByRole("button", { name: "Descartar" })).toBeDefined();
});

test("a click on a quoted message jumps to it", async () => {
  await show([
    { id: "m1", text: "pergunta" },
    { id: "m2", text: "resposta", reply_to: "m1" },
  ]);
  const quote = await screen.findByRole("button", { name: /pergunta/ });
  fireEvent.click(quote);
  await waitFor(() => {
    const [bubble] = document.querySelectorAll("[data-message=m1]");
    expect(bubble?.closest("article")?.innerHTML).toContain("bg-selected");
  });
});

test("days and the unread line stand above the messages with which they begin", async () => {
  server.api.unread = new Map([[server.id, 1]]);
  await show([
    { text: "ontem", sent_at: serverTime(-DAY_MS) },
    { text: "hoje" },
    { text: "nova", sent_at: serverTime(60_000) },
  ]);
  await screen.findByText("nova");
  await waitFor(() => expect(within(articleOf("nova")).getByText("Não lidas")).toBeDefined());
  expect(within(articleOf("ontem")).getByRole("heading", { level: 3 })).toBeDefined();
  expect(within(articleOf("hoje")).getByRole("heading", { level: 3 })).toBeDefined();
  expect(within(articleOf("nova")).queryByRole("heading", { level: 3 })).toBeNull();
});

test("a message that comes while one looks gets no unread line", async () => {
  await show([{ text: "de antes" }]);
  await screen.findByText("de antes");
  await server.happen("message_received", {}, { text: "agora" });
  await screen.findAllByText("agora"); // in its bubble, and announced
  expect(screen.queryByText("Não lidas")).toBeNull();
});

test("what the assistant asked is folded to one line and opens", async () => {
  const turn = {
    id: "t1",
    status: "finished",
    model: "modelo",
    tokens_in: 1200,
    tokens_out: 80,
    cached_share: 0.5,
    cost: "0.01",
    duration_s: 3.2,
    tool_calls: [
      {
        tool: "find_invoices",
        ok: true,
        error: null,
        arguments: { contrato: "C-77" },
        result: { fatura: "F-12" },
        duration_s: 0.4,
        started_at: null,
      },
    ],
  };
  await show([{ author: "assistant", text: "Segue a fatura", details: { turn: "t1" } }], {
    [`GET /conversations/${server.id}/turns`]: () => Response.json({ items: [turn] }),
  });
  const line = await screen.findByRole("button", { name: /1 consulta/ });
  expect(line.getAttribute("aria-expanded")).toBe("false");
  expect(screen.queryByText(/C-77/)).toBeNull();
  fireEvent.click(line);
  expect(screen.getByText(/C-77/)).toBeDefined();
  fireEvent.click(line);
  expect(screen.queryByText(/C-77/)).toBeNull();
});

test("an edited message shows its earlier versions", async () => {
  const { requests } = await show(
    [{ text: "Pago dia 12", edited_at: serverTime(9_000) }, { text: "não editada" }],
    {
      [`GET ${messagePath("m1", "/versions")}`]: () =>
        Response.json([
          { text: "Pago dia 10", replaced_at: serverTime(5_000) },
          { text: "Pago dia 11 <b>", replaced_at: serverTime(9_000) },
        ]),
    },
  );
  const marks = await screen.findAllByRole("button", { name: "editada: ver versões" });
  expect(marks).toHaveLength(1);
  expect(requests.some((each) => each.url.endsWith("/versions"))).toBe(false);
  await userEvent.click(marks[0] as HTMLElement);
  const layer = await screen.findByRole("dialog", { name: "Versões anteriores" });
  await within(layer).findByText("Pago dia 10");
  expect(within(layer).getByText("Pago dia 11 <b>")).toBeDefined();
});

test("the user's last message is edited by the command of the composer", async () => {
  const { requests } = await show(
    [
      own({ text: "primeira" }),
      own({ text: "segnda" }),
      own({ text: "não saiu", status: "failed" }),
      { text: "do cliente" },
    ],
    { [`PATCH ${messagePath("m2")}`]: () => Response.json({}) },
  );
  await screen.findByText("segnda");
  act(() => expect(runCommand("thread.edit_last")).toBe(true));
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Novo texto" });
  expect(field.value).toBe("segnda");
  fireEvent.change(field, { target: { value: "segunda" } });
  fireEvent.click(screen.getByRole("button", { name: "Salvar" }));
  await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  const patch = requests.find((each) => each.method === "PATCH");
  expect(await patch?.json()).toEqual({ text: "segunda" });
});

test("without a message of one's own there is nothing to edit", async () => {
  await show([{ text: "do cliente" }]);
  await screen.findByText("do cliente");
  expect(runCommand("thread.edit_last")).toBe(false);
});

test("arrows, Home and End move the focus from message to message", async () => {
  await show([{ text: "um" }, { text: "dois" }, { text: "três" }]);
  await screen.findByText("três");
  const feed = screen.getByRole("feed");
  const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });
  act(() => feed.focus());
  press("ArrowUp");
  await waitFor(() => expect(document.activeElement?.tagName).toBe("ARTICLE"));
  press("Home");
  await waitFor(() => expect(document.activeElement).toBe(feed.querySelector("article")));
  press("ArrowDown");
  await waitFor(() => expect(document.activeElement).toBe(articleOf("um")));
  press("ArrowDown");
  await waitFor(() => expect(document.activeElement).toBe(articleOf("dois")));
  press("End");
  await waitFor(() => expect(document.activeElement).toBe(articleOf("três")));
  press("ArrowUp");
  await waitFor(() => expect(document.activeElement).toBe(articleOf("dois")));
});

test("only new incoming texts are announced, joined, at most every three seconds", async () => {
  await show([{ text: "de antes" }]);
  const log = screen.getByRole("log");
  expect(log.textContent).toBe("");
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "requestAnimationFrame", "cancelAnimationFrame", "Date"],
  });
  try {
    const come = (text: string, more: Partial<Message> = {}) =>
      server.happen("message_received", {}, { text, ...more });
    const wait = (ms: number) => act(async () => void vi.advanceTimersByTime(ms));
    await come("primeira");
    await wait(50);
    expect(log.textContent).toBe("primeira");
    await come("*segunda*");
    await server.happen("message_queued", {}, { ...own({ text: "minha" }), id: "x1" });
    await come("terceira");
    await wait(ANNOUNCE_EVERY_MS - 200);
    expect(log.textContent).toBe("primeira");
    await wait(200);
    expect(log.textContent).toBe("segunda. terceira");
  } finally {
    vi.useRealTimers();
  }
});

test("a reaction takes an emoji of the short row, or opens all of them", async () => {
  // The picker has an address of the page, which only a browser resolves.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const { requests } = await show([{ text: "obrigado!" }], {
    [`PUT ${messagePath("m1", "/reaction")}`]: () => Response.json({}),
  });
  await screen.findByText("obrigado!");
  await userEvent.click(screen.getByRole("button", { name: "Reagir" }));
  await userEvent.click(await screen.findByRole("button", { name: "Mais emojis" }));
  await screen.findByRole("searchbox");
  await userEvent.keyboard("{Escape}");
  await userEvent.click(screen.getByRole("button", { name: "Reagir" }));
  await userEvent.click(await screen.findByRole("button", { name: "👍" }));
  await waitFor(() => expect(requests.some((each) => each.method === "PUT")).toBe(true));
});

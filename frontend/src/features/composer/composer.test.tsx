import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DEFAULT_PREFERENCES, type Preferences, usePreferences } from "@/shared/api/preferences";
import type { CurrentUser } from "@/shared/api/session";
import { closeCannedEditor, useCannedEdit } from "@/shared/canned/editor-request";
import { listenForShortcuts } from "@/shared/commands/keyboard";
import { registerCommands } from "@/shared/commands/registry";
import { fakeServer } from "@/testing/fake-server";
import { giveLayout } from "@/testing/layout";
import { DeskServer, renderDesk } from "@/testing/live-desk";
import { ANA } from "@/testing/signed-in";
import { Composer } from ".";

vi.setConfig({ testTimeout: 30_000 }); // menus are slow on a busy machine

const BRUNO = "33333333-3333-4333-8333-333333333333";
const AGENT = {
  ...ANA,
  permissions: [...ANA.permissions, "conversations:note:team"],
} as CurrentUser;
const VIEWER = { ...ANA, permissions: ["conversations:read:team"] } as unknown as CurrentUser;
const MINE = { status: "open", agent: ANA.id } as const;

const canned = {
  id: "c1",
  shortcut: "pix",
  title: "Chave PIX",
  text: "{{contato.primeiro_nome}}, a chave é 123",
  scope: "personal",
  team: null,
  files: [{ id: "f1", filename: "qr.png", mimetype: "image/png", size: 9 }],
  editable: true,
  version: 1,
};
const colleagues = {
  users: [
    { id: BRUNO, name: "Bruno Reis", teams: ["support"] },
    { id: ANA.id, name: "Ana Lima", teams: ["support"] },
  ],
  teams: [{ slug: "support", name: "Suporte" }],
};

let server: DeskServer;
let assign: () => Response | Promise<Response>;
let preferences: Preferences;
let stopShortcuts: () => void;

beforeEach(() => {
  giveLayout();
  server = new DeskServer();
  preferences = DEFAULT_PREFERENCES;
  assign = () => Response.json({});
  stopShortcuts = listenForShortcuts();
  closeCannedEditor();
});
afterEach(() => stopShortcuts());

async function show(conversation: object = MINE, user = AGENT) {
  const fake = fakeServer({
    "GET /canned-responses": () => Response.json([canned]),
    "GET /colleagues": () => Response.json(colleagues),
    "GET /preferences": () => Response.json(preferences, { headers: { etag: '"1"' } }),
    [`POST /conversations/${server.id}/assign`]: () => assign(),
  });
  server.hold(conversation);
  await renderDesk(
    server,
    <>
      <Closable />
      <Probe />
    </>,
    user,
  );
  return fake;
}

function Closable() {
  const [isOpen, setOpen] = useState(true);
  return (
    <>
      <button type="button" onClick={() => setOpen(!isOpen)}>
        fechar e abrir
      </button>
      {isOpen && <Composer conversationId={server.id} />}
    </>
  );
}

function Probe() {
  const { send_with } = usePreferences();
  const edit = useCannedEdit();
  return (
    <>
      <output>{send_with}</output>
      <output>{edit && "text" in edit ? edit.text : ""}</output>
    </>
  );
}

const text = () => screen.findByRole<HTMLTextAreaElement>("combobox");
async function write(value: string): Promise<HTMLTextAreaElement> {
  const area = await text();
  area.focus();
  fireEvent.change(area, { target: { value } });
  area.setSelectionRange(value.length, value.length);
  fireEvent.select(area);
  return area;
}
const enter = (area: Element, more: object = {}) =>
  fireEvent.keyDown(area, { key: "Enter", ...more });
const bodies = () => server.sent.map(({ kind, text: words }) => [kind, words]);

test("Enter sends and Shift+Enter does not", async () => {
  await show();
  const area = await write("Bom dia");
  enter(area, { shiftKey: true });
  enter(area);
  await waitFor(() => expect(bodies()).toEqual([["message", "Bom dia"]]));
  expect(area.value).toBe("");
});

test("by preference only Ctrl+Enter sends", async () => {
  preferences = { ...DEFAULT_PREFERENCES, send_with: "ctrl_enter" };
  await show();
  await screen.findByText("ctrl_enter", { selector: "output" });
  const area = await write("Bom dia");
  expect(enter(area)).toBe(true);
  expect(server.sent).toEqual([]);
  enter(area, { ctrlKey: true });
  await waitFor(() => expect(server.sent).toHaveLength(1));
});

test("Enter that ends the composition of a letter does not send", async () => {
  await show();
  const area = await write("日本");
  enter(area, { isComposing: true });
  await act(async () => undefined);
  expect(area.value).toBe("日本");
  enter(area);
  await waitFor(() => expect(server.sent).toHaveLength(1));
});

test("pressing Enter twice sends once", async () => {
  let answer: (response: Response) => void = () => undefined;
  assign = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  await show({ status: "waiting" });
  const area = await write("uma vez");
  enter(area);
  enter(area);
  fireEvent.change(area, { target: { value: "uma vez e mais" } });
  await act(async () => answer(Response.json({})));
  await waitFor(() => expect(bodies()).toEqual([["message", "uma vez"]]));
  // What was typed meanwhile stays.
  await waitFor(() => expect(area.value).toBe("e mais"));
});

test("/ inserts a response with its variables filled and its files", async () => {
  await show();
  const area = await write("Oi /pi");
  await screen.findByRole("option", { name: /\/pix/ });
  enter(area);
  expect(area.value).toBe("Oi Maria, a chave é 123");
  expect(screen.getByText("qr.png")).toBeDefined();
  enter(area);
  await waitFor(() => expect(server.sent).toHaveLength(1));
  expect(server.sent[0]).toMatchObject({ text: "Oi Maria, a chave é 123", fileId: "f1" });
  expect(screen.queryByText("qr.png")).toBeNull();
});

test("@ mentions a colleague in a note", async () => {
  await show();
  fireEvent.click(await screen.findByRole("button", { name: "Nota interna" }));
  const area = await write("Veja @bru");
  await screen.findByRole("option", { name: /Bruno Reis/ });
  fireEvent.keyDown(area, { key: "Tab" });
  expect(area.value).toBe("Veja @Bruno Reis ");
  enter(area);
  await waitFor(() => expect(server.sent).toHaveLength(1));
  expect(server.sent[0]).toMatchObject({ kind: "note", mentions: [BRUNO] });
});

test("a note stands in amber and never goes to the customer", async () => {
  await show({ status: "pending" });
  fireEvent.click(await screen.findByRole("button", { name: "Nota interna" }));
  expect(screen.getByRole("region", { name: "Escrever" }).className).toContain("bg-note");
  const area = await write("só para nós");
  expect(screen.getByRole("button", { name: "Salvar nota" })).toBeDefined();
  enter(area);
  await waitFor(() => expect(bodies()).toEqual([["note", "só para nós"]]));
});

test("a pasted picture is attached", async () => {
  await show();
  const picture = new File(["png"], "tela.png", { type: "image/png" });
  URL.createObjectURL = () => "blob:tela";
  URL.revokeObjectURL = () => undefined;
  fireEvent.paste(await text(), { clipboardData: { files: [picture] } });
  await screen.findByText("tela.png");
  fireEvent.click(screen.getByRole("button", { name: "Enviar" }));
  await waitFor(() => expect(server.sent).toHaveLength(1));
  expect(server.sent[0]?.file?.name).toBe("tela.png");
});

test("a recording that stayed among the files goes as a voice note", async () => {
  await show();
  const files = [new File(["ogg"], "voz.ogg", { type: "audio/ogg" })];
  fireEvent.paste(await text(), { clipboardData: { files } });
  await screen.findByText("voz.ogg");
  fireEvent.click(screen.getByRole("button", { name: "Enviar" }));
  await waitFor(() => expect(server.sent).toHaveLength(1));
  expect(server.sent[0]?.asVoice).toBe(true);
});

test("a note with two files says why it cannot be saved", async () => {
  await show();
  fireEvent.click(await screen.findByRole("button", { name: "Nota interna" }));
  const files = [new File(["a"], "a.txt"), new File(["b"], "b.txt")];
  fireEvent.paste(await text(), { clipboardData: { files } });
  await screen.findByText(/Uma nota leva um arquivo/);
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Salvar nota" }).disabled).toBe(
    true,
  );
});

test("files of a canned response survive that the composer is closed", async () => {
  await show();
  const area = await write("/pi");
  await screen.findByRole("option", { name: /\/pix/ });
  enter(area);
  await screen.findByText("qr.png");
  fireEvent.click(screen.getByRole("button", { name: "fechar e abrir" }));
  await waitFor(() => expect(screen.queryByText("qr.png")).toBeNull());
  fireEvent.click(screen.getByRole("button", { name: "fechar e abrir" }));
  await screen.findByText("qr.png");
});

test("a file that is too large is refused with words", async () => {
  await show();
  const huge = new File(["x"], "filme.mp4");
  Object.defineProperty(huge, "size", { value: 17 * 1024 * 1024 });
  fireEvent.paste(await text(), { clipboardData: { files: [huge] } });
  await screen.findByText("filme.mp4 passa de 16 MB. Envie um arquivo menor.");
  expect(screen.queryByRole("list", { name: "Arquivos a enviar" })).toBeNull();
});

test("where the AI answers, sending takes over first", async () => {
  const { requests } = await show({ status: "pending" });
  const area = await write("Assumo daqui");
  expect(screen.getByRole("button", { name: "Assumir e enviar" })).toBeDefined();
  enter(area);
  await waitFor(() => expect(server.sent).toHaveLength(1));
  expect(requests.filter((each) => each.url.endsWith("/assign"))).toHaveLength(1);
});

test("a refused takeover keeps the words and sends nothing", async () => {
  assign = () => Response.json({ title: "no", code: "forbidden" }, { status: 403 });
  const { requests } = await show({ status: "pending" });
  const area = await write("não se perde");
  enter(area);
  await screen.findByText("A conversa não foi assumida");
  expect(area.value).toBe("não se perde");
  // The same words go once the takeover is accepted: nothing was sent before.
  assign = () => Response.json({});
  await waitFor(() => {
    enter(area);
    expect(requests.filter((each) => each.url.endsWith("/assign"))).toHaveLength(2);
  });
  await waitFor(() => expect(area.value).toBe(""));
  await waitFor(() => expect(bodies()).toEqual([["message", "não se perde"]]));
});

test("in a colleague's conversation the reply is closed and the note is open", async () => {
  await show({ status: "open", agent: BRUNO });
  await waitFor(async () => expect((await text()).placeholder).toContain("Bruno Reis"));
  expect((await text()).disabled).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "Nota interna" }));
  expect((await text()).disabled).toBe(false);
  enter(await write("aviso"));
  await waitFor(() => expect(bodies()).toEqual([["note", "aviso"]]));
});

test("who may only look has no composer", async () => {
  await show(MINE, VIEWER);
  await screen.findByText("Você pode ver este atendimento, mas não responder.");
  expect(screen.queryByRole("combobox")).toBeNull();
});

test("the text becomes a canned response by the menu", async () => {
  await show();
  await write("Nosso horário é das 8 às 18.");
  await userEvent.click(screen.getByRole("button", { name: "Mais opções" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: /Salvar como resposta/ }));
  await screen.findByText("Nosso horário é das 8 às 18.", { selector: "output" });
});

test("arrow up in an empty text asks the thread for the last message, and only there", async () => {
  const edit = vi.fn();
  const stop = registerCommands([
    { id: "thread.edit_last", title: "", group: "conversation", run: edit },
  ]);
  await show();
  const area = await write("palavras");
  fireEvent.keyDown(area, { key: "ArrowUp" });
  expect(edit).not.toHaveBeenCalled();
  fireEvent.change(area, { target: { value: "" } });
  fireEvent.keyDown(area, { key: "ArrowUp" });
  expect(edit).toHaveBeenCalledOnce();
  stop();
});

test("shortcuts choose note and reply and open the files", async () => {
  await show();
  const area = await text();
  fireEvent.keyDown(area, { key: "p", code: "KeyP", altKey: true });
  await screen.findByRole("button", { name: "Nota interna", pressed: true });
  expect(document.activeElement).toBe(area);
  fireEvent.keyDown(area, { key: "l", code: "KeyL", altKey: true });
  await screen.findByRole("button", { name: "Responder", pressed: true });
  const click = vi.spyOn(HTMLInputElement.prototype, "click");
  fireEvent.keyDown(area, { key: "a", code: "KeyA", altKey: true, ctrlKey: true });
  expect(click).toHaveBeenCalledOnce();
});

test("a colleague's answer while one writes is said", async () => {
  await show();
  await write("escrevendo");
  await server.happen(
    "message_queued",
    {},
    {
      author: "agent",
      details: { agent: BRUNO },
      text: "já respondi",
    },
  );
  await screen.findByText(/Bruno Reis respondeu enquanto você escrevia/);
});

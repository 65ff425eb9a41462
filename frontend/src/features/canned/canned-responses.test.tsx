import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { CurrentUser } from "@/shared/api/session";
import { closeCannedEditor } from "@/shared/canned/editor-request";
import type { CannedResponse } from "@/shared/canned/queries";
import { fakeServer } from "@/testing/fake-server";
import { completeBrowser, renderRouted } from "@/testing/routed";
import { ANA } from "@/testing/signed-in";
import { CannedEditor, CannedResponses } from ".";
import "./components/canned-dialog"; // the editor loads it later; here it is ready

const response = (id: string, more: Partial<CannedResponse> = {}): CannedResponse => ({
  id,
  shortcut: id,
  title: `Título de ${id}`,
  text: "Olá, {{contato.primeiro_nome}}!",
  scope: "personal",
  team: null,
  files: [],
  editable: true,
  version: 3,
  changed_at: "2026-11-30T12:00:00Z",
  ...more,
});
const ADMIN = { ...ANA, permissions: [...ANA.permissions, "canned:write"] } as CurrentUser;
const LIST = "GET /canned-responses";
const COLLEAGUES = {
  "GET /colleagues": () =>
    Response.json({ users: [], teams: [{ slug: "support", name: "Suporte", members: [] }] }),
};
const problem = (status: number, code: string, more: object = {}) =>
  Response.json({ title: "in English", code, ...more }, { status });

vi.setConfig({ testTimeout: 30_000 }); // menus are slow on a busy machine

beforeEach(() => {
  completeBrowser();
  closeCannedEditor();
});

async function show(answers: Parameters<typeof fakeServer>[0], user = ANA) {
  const server = fakeServer({ ...COLLEAGUES, ...answers });
  await renderRouted(
    <>
      <CannedResponses />
      <CannedEditor />
    </>,
    user,
  );
  return server;
}

const shortcutField = () => screen.findByRole("textbox", { name: "Atalho" });
const textField = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Texto" });
const titleField = () => screen.getByRole("textbox", { name: "Título" });
const enter = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });
const save = () => fireEvent.click(screen.getByRole("button", { name: "Salvar" }));

test("the list is searched without accents and narrowed by who uses it", async () => {
  await show({
    [LIST]: () =>
      Response.json([
        response("pix", { title: "Chave PIX da loja" }),
        response("segunda-via", { scope: "shared", title: "Segunda via", editable: false }),
        response("horario", { scope: "team", team: "support", text: "Horário de atendimento" }),
      ]),
  });
  const list = await screen.findByRole("list", { name: "Respostas rápidas" });
  expect(within(list).getAllByRole("listitem")).toHaveLength(3);
  expect(within(list).getByText("Só leitura")).toBeDefined();
  enter(screen.getByRole("searchbox"), "HORARIO atend");
  expect(screen.getAllByRole("listitem").map((each) => each.textContent)).toEqual([
    expect.stringContaining("/horario"),
  ]);
  enter(screen.getByRole("searchbox"), "");
  await userEvent.click(screen.getByRole("tab", { name: /De todos/ }));
  expect(screen.getByText("/segunda-via")).toBeDefined();
  expect(screen.queryByText("/pix")).toBeNull();
});

test("an empty list teaches, and its button creates one with a preview of its variables", async () => {
  const { requests } = await show({
    [LIST]: () => Response.json([]),
    "POST /canned-responses": () => Response.json(response("ola"), { status: 201 }),
  });
  await userEvent.click(await screen.findByRole("button", { name: "Nova resposta" }));
  enter(await shortcutField(), "Olá Você");
  expect((await shortcutField()) as HTMLInputElement).toHaveProperty("value", "ola-voce");
  enter(titleField(), "Cumprimento");
  enter(textField(), "Oi, !");
  textField().focus();
  textField().setSelectionRange(4, 4);
  await userEvent.click(screen.getByRole("button", { name: "Inserir variável" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: /Primeiro nome do cliente/ }));
  expect(textField().value).toBe("Oi, {{contato.primeiro_nome}}!");
  await waitFor(() => expect(document.activeElement).toBe(textField()));
  expect(textField().selectionStart).toBe("Oi, {{contato.primeiro_nome}}".length);
  expect(
    within(screen.getByRole("region", { name: "Prévia" })).getByText("Oi, Maria!"),
  ).toBeDefined();
  save();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const post = requests.find((each) => each.method === "POST");
  expect(await post?.json()).toEqual({
    shortcut: "ola-voce",
    title: "Cumprimento",
    text: "Oi, {{contato.primeiro_nome}}!",
    scope: "personal",
    team: null,
    files: [],
  });
});

test("what is missing or refused stands beside its field, and nothing typed is lost", async () => {
  let answer = () => problem(409, "shortcut_taken");
  await show({ [LIST]: () => Response.json([]), "POST /canned-responses": () => answer() });
  await userEvent.click(await screen.findByRole("button", { name: "Nova resposta" }));
  await shortcutField();
  save();
  await screen.findByText("Escreva um texto ou anexe um arquivo.");
  expect((await shortcutField()).getAttribute("aria-invalid")).toBe("true");
  enter(await shortcutField(), "pix");
  enter(titleField(), "Chave");
  enter(textField(), "{{nome}}");
  save();
  await screen.findByText(/Há uma variável que não existe/);
  enter(textField(), "Chave: 123");
  save();
  await screen.findByText("Este atalho já existe. Escolha outro.");
  answer = () => problem(422, "invalid", { errors: [{ field: "body.title", message: "bad" }] });
  enter(await shortcutField(), "pix2");
  save();
  await screen.findByText("Confira este campo.");
  expect(titleField().getAttribute("aria-invalid")).toBe("true");
  expect(textField().value).toBe("Chave: 123");
});

test("a version that is no longer current is said, and loaded again", async () => {
  const current = response("pix", { version: 4, text: "Texto de outra pessoa" });
  const matches: (string | null)[] = [];
  await show({
    [LIST]: () => Response.json([response("pix")]),
    "GET /canned-responses/pix": () => Response.json(current, { headers: { etag: '"4"' } }),
    "PUT /canned-responses/pix": (request) => {
      matches.push(request.headers.get("if-match"));
      return matches.length === 1 ? problem(412, "stale") : Response.json(current);
    },
  });
  await userEvent.click(await screen.findByRole("button", { name: "Editar /pix" }));
  await shortcutField();
  enter(textField(), "meu texto");
  save();
  await screen.findByText(/Alguém mudou esta resposta enquanto você editava/);
  expect(textField().value).toBe("meu texto");
  await userEvent.click(screen.getByRole("button", { name: "Carregar de novo" }));
  await waitFor(() => expect(textField().value).toBe("Texto de outra pessoa"));
  save();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(matches).toEqual(['"3"', '"4"']);
});

test("only who may write for others chooses a team", async () => {
  const answers = { [LIST]: () => Response.json([]) };
  await show(answers, ADMIN);
  await userEvent.click(await screen.findByRole("button", { name: "Nova resposta" }));
  await shortcutField();
  fireEvent.click(screen.getByRole("combobox", { name: "Quem pode usar" }));
  expect(await screen.findByRole("option", { name: "Uma equipe" })).toBeDefined();
  fireEvent.keyDown(screen.getByRole("option", { name: "Uma equipe" }), { key: "Enter" });
  await screen.findByText("Equipe");
  save();
  await screen.findByText("Escolha uma equipe.");
});

test("without that permission a response stays one's own", async () => {
  await show({ [LIST]: () => Response.json([]) });
  await userEvent.click(await screen.findByRole("button", { name: "Nova resposta" }));
  await shortcutField();
  await screen.findByText(/fale com um administrador/);
});

test("files are uploaded, shown and sent; one that is too large is refused with words", async () => {
  const uploads: string[] = [];
  const { requests } = await show({
    [LIST]: () => Response.json([]),
    "POST /files": async () => {
      uploads.push("file");
      return Response.json(
        { id: "f1", filename: "tabela.pdf", mimetype: "application/pdf", size: 9 },
        { status: 201 },
      );
    },
    "POST /canned-responses": () => Response.json(response("tabela"), { status: 201 }),
  });
  await userEvent.click(await screen.findByRole("button", { name: "Nova resposta" }));
  enter(await shortcutField(), "tabela");
  enter(titleField(), "Tabela");
  const huge = new File(["x"], "enorme.pdf");
  Object.defineProperty(huge, "size", { value: 17 * 1024 * 1024 });
  const input = document.querySelector("input[type=file]") as HTMLInputElement;
  fireEvent.change(input, { target: { files: [new File(["123456789"], "tabela.pdf"), huge] } });
  await screen.findByText("tabela.pdf");
  await screen.findByText(/enorme.pdf está vazio ou passa de 16 MB/);
  expect(uploads).toHaveLength(1);
  save();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const post = requests.find(
    (each) => each.url.endsWith("/canned-responses") && each.method === "POST",
  );
  expect(await post?.json()).toMatchObject({ text: "", files: ["f1"] });
});

test("deleting asks first and names the version", async () => {
  let version: string | null = null;
  await show({
    [LIST]: () => Response.json([response("pix", { scope: "shared" })]),
    "DELETE /canned-responses/pix": (request) => {
      version = request.headers.get("if-match");
      return problem(412, "stale");
    },
  });
  await userEvent.click(await screen.findByRole("button", { name: "Excluir /pix" }));
  const dialog = await screen.findByRole("alertdialog");
  expect(dialog.textContent).toContain("Ela some para todos");
  await userEvent.click(within(dialog).getByRole("button", { name: "Excluir" }));
  await screen.findByText(/Alguém mudou esta resposta há pouco/);
  expect(version).toBe('"3"');
});

test("a variable goes to the end of a text that was not touched, and the focus returns", async () => {
  await show({ [LIST]: () => Response.json([response("pix", { text: "Chave de " })]) });
  const edit = await screen.findByRole("button", { name: "Editar /pix" });
  await userEvent.click(edit);
  await shortcutField();
  await userEvent.click(screen.getByRole("button", { name: "Inserir variável" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: /^Nome do cliente/ }));
  expect(textField().value).toBe("Chave de {{contato.nome}}");
  await userEvent.click(screen.getByRole("button", { name: "Cancelar" }));
  const question = await screen.findByRole("alertdialog");
  await userEvent.click(within(question).getByRole("button", { name: "Cancelar" }));
  expect(textField().value).toBe("Chave de {{contato.nome}}");
  await userEvent.click(screen.getByRole("button", { name: "Cancelar" }));
  await userEvent.click(await screen.findByRole("button", { name: "Descartar" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(edit));
});

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { fakeServer } from "@/testing/fake-server";
import { renderRouted } from "@/testing/routed";
import { MessageSearch } from "./message-search";
import { groupHits } from "./model/hit-groups";
import type { SearchHit } from "./queries";

const part = (text: string, hit = false) => ({ text, hit });
const hit = (message: string, conversation: string, more: object = {}) =>
  ({
    message: {
      id: message,
      kind: "text",
      author: "customer",
      details: {},
      sent_at: "2026-03-12T14:00:00Z",
    },
    conversation_id: conversation,
    protocol: `P-${conversation}`,
    status: "resolved",
    contact: "Maria Lima",
    contact_id: "c1",
    snippet: [part("quero a "), part("fatura", true), part(" <b>já</b>")],
    ...more,
  }) as unknown as SearchHit;
const page = (items: SearchHit[], next_cursor: string | null = null) =>
  Response.json({ items, next_cursor });
const SEARCH = "GET /search/messages";

async function show(text = "fatura") {
  const onSearch = vi.fn();
  const { pathOf } = await renderRouted(<MessageSearch text={text} onSearch={onSearch} />);
  return { onSearch, pathOf };
}

test("hits stand together by conversation, in the order of their newest", () => {
  const groups = groupHits([hit("1", "a"), hit("2", "b"), hit("3", "a"), hit("1", "a")]);
  expect(groups.map((each) => [each.conversationId, each.hits.length])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
});

test("a hit is marked, markup stays text, and a click opens the message", async () => {
  fakeServer({ [SEARCH]: () => page([hit("m1", "a")]) });
  const { pathOf } = await show();
  const group = await screen.findByRole("region", { name: "Maria Lima, protocolo P-a" });
  expect(within(group).getByText("fatura").tagName).toBe("MARK");
  expect(group.textContent).toContain("<b>já</b>");
  expect(within(group).getByText("Encerrada")).toBeDefined();
  await userEvent.click(within(group).getByRole("link"));
  await waitFor(() => expect(pathOf()).toBe("/atendimentos/a?mensagem=m1"));
});

test("pages without hits are skipped, and older ones come by the button", async () => {
  const pages: Record<string, Response> = {
    "": page([], "two"),
    two: page([hit("m1", "a")], "three"),
    three: page([hit("m2", "b")]),
  };
  fakeServer({
    [SEARCH]: ({ url }) => pages[new URL(url).searchParams.get("cursor") ?? ""] as Response,
  });
  await show();
  await screen.findByRole("region", { name: /P-a/ });
  await userEvent.click(screen.getByRole("button", { name: "Mostrar mais antigas" }));
  await screen.findByRole("region", { name: /P-b/ });
  expect(screen.getByText("2 mensagens")).toBeDefined();
});

test("an empty search teaches, and one without words sends nothing", async () => {
  const { requests } = fakeServer({});
  await show("");
  await screen.findByText("Busque uma palavra de qualquer conversa");
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "?!" } });
  await screen.findByText(/ao menos uma palavra/);
  expect(requests).toEqual([]);
});

test("a refused text says what to change", async () => {
  fakeServer({
    [SEARCH]: () =>
      Response.json({ code: "too_many_words", title: "…", status: 422 }, { status: 422 }),
  });
  await show("a b c d");
  expect((await screen.findByRole("alert")).textContent).toContain("palavras demais");
  expect(screen.queryByRole("button", { name: "Tentar de novo" })).toBeNull();
});

test("without hits it says what to try; the address follows the text", async () => {
  fakeServer({ [SEARCH]: () => page([]) });
  const { onSearch } = await show("");
  fireEvent.change(await screen.findByRole("searchbox"), { target: { value: " boleto " } });
  await screen.findByText("Nenhuma mensagem com essas palavras");
  expect(onSearch).toHaveBeenCalledWith("boleto");
});

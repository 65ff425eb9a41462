import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toast } from "@/shared/ui/feedback/toaster";
import { completeBrowser, renderRouted } from "@/testing/routed";
import { ANA, answerRequests, conversation } from "@/testing/signed-in";
import { ConversationSection } from "./components/conversation-section";
import { EarlierSection } from "./components/earlier-section";
import { FilesSection } from "./components/files-section";

const CONTACT = "bbbbbbbb-0000-4000-8000-000000000001";

beforeEach(completeBrowser);
afterEach(() => toast.dismiss());

const file = (id: string, mimetype: string, more: object = {}) => ({
  message_id: id,
  conversation_id: "a",
  kind: "document",
  author: "customer",
  text: "",
  sent_at: "2026-03-12T14:00:00Z",
  file: { id, filename: `${id}.bin`, mimetype, size: 2048, status: "kept", ...more },
});

test("the protocol is copied, and a label is taken off", async () => {
  const writeText = vi.fn(async () => undefined);
  vi.stubGlobal("navigator", Object.assign(navigator, { clipboard: { writeText } }));
  const sent = answerRequests(({ path }) => ({
    body: path === "/colleagues" ? { users: [], teams: [] } : { done: true },
  }));
  await renderRouted(
    <ConversationSection conversation={conversation({ labels: ["sem-sinal"] })} />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Copiar protocolo" }));
  await waitFor(() => expect(writeText).toHaveBeenCalledWith("2026031200001"));
  await userEvent.click(screen.getByRole("button", { name: "Remover a etiqueta sem-sinal" }));
  await waitFor(() => expect(sent.at(-1)?.body).toEqual({ labels: [] }));
});

test("a colleague's conversation of another team shows and offers nothing", async () => {
  answerRequests(({ path }) => ({ body: path === "/colleagues" ? { users: [], teams: [] } : {} }));
  const theirs = conversation({ team: "billing", agent: "someone", labels: ["vip"] });
  await renderRouted(<ConversationSection conversation={theirs} />, ANA);
  expect(screen.getByText("vip")).toBeDefined();
  expect(screen.getAllByRole("button")).toHaveLength(1);
});

test("earlier conversations leave out the open one and lead to theirs", async () => {
  const items = [
    conversation({ id: "now" }),
    conversation({ id: "then", status: "resolved", protocol: "2025" }),
  ];
  answerRequests(() => ({ body: { items, next_cursor: null } }));
  const { pathOf } = await renderRouted(
    <EarlierSection contactId={CONTACT} conversationId="now" />,
  );
  const links = await screen.findAllByRole("link");
  expect(links.map((each) => each.textContent)).toEqual([expect.stringContaining("2025")]);
  await userEvent.click(links[0] as HTMLElement);
  await waitFor(() => expect(pathOf()).toBe("/atendimentos/then"));
});

test("pictures are thumbnails from signed addresses; a file opens in its own tab", async () => {
  const items = [
    file("photo", "image/jpeg"),
    file("boleto", "application/pdf", { filename: "boleto.pdf" }),
    file("gone", "application/pdf", { status: "missing" }),
  ];
  answerRequests(({ path }) => ({
    body: path.endsWith("/files")
      ? { items, next_cursor: null }
      : {
          url: `https://files.test/${path.split("/")[4]}`,
          expires_at: new Date(Date.now() + 600_000).toISOString(),
        },
  }));
  const tab = { opener: {}, location: { replace: vi.fn() }, close: vi.fn() };
  vi.stubGlobal("open", () => tab);
  await renderRouted(<FilesSection contactId={CONTACT} />);
  const picture = await screen.findByRole("link", { name: /Imagem de/ });
  expect(picture.getAttribute("href")).toBe("https://files.test/photo");
  await userEvent.click(screen.getByRole("button", { name: /boleto\.pdf/ }));
  await waitFor(() =>
    expect(tab.location.replace).toHaveBeenCalledWith("https://files.test/boleto"),
  );
  expect(tab.opener).toBeNull();
  expect(screen.getByRole("button", { name: /gone\.bin/ })).toHaveProperty("disabled", true);
});

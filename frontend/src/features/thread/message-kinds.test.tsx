import { readFileSync } from "node:fs";
import { screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import type { Message } from "@/shared/live";
import { fakeServer } from "@/testing/fake-server";
import { giveLayout } from "@/testing/layout";
import { DeskServer, renderDesk } from "@/testing/live-desk";
import { ANA } from "@/testing/signed-in";
import { ThreadPane } from ".";

vi.setConfig({ testTimeout: 30_000 });

/** The examples of the documentation: kind, details, and whether there is a file. */
const EXAMPLES = readFileSync("../docs/message-kinds.md", "utf8")
  .split("\n")
  .map((line) => line.match(/^\| (\w+) \| .* \| `(\{.*\})` \| (yes|no|if.*) \|$/))
  .filter((match) => match !== null)
  .map(([, kind = "", details = "", file]) => ({
    kind,
    details: JSON.parse(details) as Record<string, unknown>,
    hasFile: file !== "no",
  }));

const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script><b>texto</b>';
const HOSTILE_NAME = '"><svg onload=alert(1)>\u202efdp.exe';

function fileOf(details: Record<string, unknown>): NonNullable<Message["file"]> {
  return {
    id: "f1",
    status: "kept",
    filename: HOSTILE_NAME,
    mimetype: String(details.mimetype ?? "application/octet-stream"),
    size: 2048,
    width: null,
    height: null,
    duration_s: null,
    waveform: null,
  };
}

let server: DeskServer;
beforeEach(() => {
  giveLayout();
  // jsdom plays nothing.
  vi.spyOn(HTMLMediaElement.prototype, "pause").mockImplementation(() => undefined);
  vi.spyOn(HTMLMediaElement.prototype, "load").mockImplementation(() => undefined);
  server = new DeskServer();
});

async function show(message: Partial<Message>) {
  fakeServer({
    [`GET /conversations/${server.id}/messages/m1/file`]: () =>
      Response.json({ url: "/api/v1/files/content/token", expires_at: "2099-01-01T00:00:00Z" }),
  });
  server.hold({ status: "open", agent: ANA.id }, [{ id: "m1", ...message }]);
  await renderDesk(server, <ThreadPane conversationId={server.id} onHistory={() => undefined} />);
  await waitFor(() => expect(document.querySelector("[data-message=m1]")).not.toBeNull());
  return document.querySelector("[data-message=m1]") as HTMLElement;
}

test("the documentation has an example of every kind", () => {
  expect(EXAMPLES.map((each) => each.kind)).toEqual(
    expect.arrayContaining([
      "text",
      "choice",
      "image",
      "sticker",
      "contact",
      "poll_vote",
      "unknown",
    ]),
  );
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(14);
});

test.each(EXAMPLES)("$kind is drawn, and markup in it stays text", async (example) => {
  const { kind, details, hasFile } = example;
  const bubble = await show({
    kind,
    details,
    text: HOSTILE,
    file: hasFile ? fileOf(details) : null,
  });
  expect(bubble.querySelector("script, b, [onerror], [onload]")).toBeNull();
  if (["text", "note", "choice", "poll", "unknown"].includes(kind)) {
    expect(bubble.textContent).toContain("<b>texto</b>");
  }
});

test.each(EXAMPLES)("$kind is drawn without text, details and file", async ({ kind }) => {
  const bubble = await show({ kind, details: {}, text: "", file: null });
  expect(bubble.querySelector("time")).not.toBeNull();
});

test("details of wrong types do no harm", async () => {
  for (const { kind } of EXAMPLES.filter((each) =>
    ["contact", "location", "poll"].includes(each.kind),
  )) {
    document.body.replaceChildren();
    server = new DeskServer();
    const wrong = {
      latitude: "x",
      longitude: null,
      contacts: [null, 3],
      options: [{}],
      name: 7,
      vcard: [],
    };
    await show({ kind, details: wrong as never });
  }
});

test("a hostile file name stays text in its own direction", async () => {
  await show({ kind: "document", file: fileOf({ mimetype: "application/pdf" }), text: "" });
  const name = await screen.findByText(HOSTILE_NAME);
  expect(name.tagName).toBe("BDI");
  const link = name.closest("a");
  expect(link?.getAttribute("href")).toBe("/api/v1/files/content/token");
  expect(link?.rel).toContain("noopener");
});

test("an address that would run a script is no link", async () => {
  const bubble = await show({ text: "javascript:alert(1) e https://exemplo.com.br" });
  const links = [...bubble.querySelectorAll("a")].map((each) => each.getAttribute("href"));
  expect(links).toEqual(["https://exemplo.com.br"]);
});

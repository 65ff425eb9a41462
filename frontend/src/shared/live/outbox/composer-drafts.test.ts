import { expect, it, vi } from "vitest";
import { ComposerDrafts, EMPTY_DRAFT } from "./composer-drafts";
import { deleteLocalDatabase, openLocalDatabase } from "./local-database";

function open(name: string): ComposerDrafts {
  return new ComposerDrafts(openLocalDatabase(name));
}

it("keeps a draft over a reload, at the latest when the page goes", async () => {
  const name = crypto.randomUUID();
  const first = open(name);
  first.start();
  first.change("c", { text: "Bom dia" });
  first.change("c", { replyTo: "m1" });
  window.dispatchEvent(new Event("pagehide"));
  const database = await openLocalDatabase(name);
  await vi.waitFor(async () => expect(await database.get("drafts", "c")).toBeDefined());
  first.stop();
  const second = open(name);
  await second.load("c");
  expect(second.get("c")).toEqual({ ...EMPTY_DRAFT, text: "Bom dia", replyTo: "m1" });
  expect(second.get("d")).toBe(EMPTY_DRAFT);
});

it("saves the first change at once: the page may go before it can say so", async () => {
  const name = crypto.randomUUID();
  const drafts = open(name);
  drafts.change("c", { text: "Bom dia" });
  const database = await openLocalDatabase(name);
  await vi.waitFor(async () => expect(await database.get("drafts", "c")).toBeDefined(), 200);
  drafts.change("c", { text: "Bom dia, Ana" });
  await vi.waitFor(async () =>
    expect((await database.get("drafts", "c"))?.text).toBe("Bom dia, Ana"),
  );
});

it("keeps the files of canned responses, and reads drafts of an earlier release", async () => {
  const name = crypto.randomUUID();
  const cannedFiles = [{ id: "f1", name: "tabela.pdf", type: "application/pdf", size: 9 }];
  const first = open(name);
  first.change("c", { cannedFiles });
  first.save();
  const database = await openLocalDatabase(name);
  await vi.waitFor(async () => expect(await database.get("drafts", "c")).toBeDefined());
  const { cannedFiles: _, ...old } = { ...EMPTY_DRAFT, text: "antigo" };
  await database.put("drafts", old as typeof EMPTY_DRAFT, "d");
  const second = open(name);
  await Promise.all([second.load("c"), second.load("d")]);
  expect(second.get("c").cannedFiles).toEqual(cannedFiles);
  expect(second.get("d")).toEqual({ ...EMPTY_DRAFT, text: "antigo" });
});

it("does not put an old draft over what was typed meanwhile", async () => {
  const name = crypto.randomUUID();
  const database = await openLocalDatabase(name);
  await database.put("drafts", { ...EMPTY_DRAFT, text: "velho" }, "c");
  const drafts = open(name);
  const loading = drafts.load("c");
  drafts.change("c", { text: "novo" });
  await loading;
  expect(drafts.get("c").text).toBe("novo");
});

it("forgets a sent draft, and keeps the chosen mode", async () => {
  const name = crypto.randomUUID();
  const drafts = open(name);
  drafts.change("c", { mode: "note", text: "ver fatura" });
  drafts.clear("c");
  drafts.save();
  expect(drafts.get("c")).toEqual({ ...EMPTY_DRAFT, mode: "note" });
  const database = await openLocalDatabase(name);
  await vi.waitFor(async () => expect(await database.count("drafts")).toBe(0));
});

it("is gone after sign-out, also while another page has it open", async () => {
  const name = crypto.randomUUID();
  const database = await openLocalDatabase(name);
  await database.put("drafts", { ...EMPTY_DRAFT, text: "segredo" }, "c");
  await deleteLocalDatabase(name);
  expect(await (await openLocalDatabase(name)).count("drafts")).toBe(0);
});

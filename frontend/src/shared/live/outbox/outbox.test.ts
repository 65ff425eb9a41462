import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, networkError } from "@/shared/api/problem";
import { FakeLocks } from "@/testing/fake-locks";
import { buildConversation, buildEvent, buildMessage, ME } from "@/testing/live-builders";
import { LiveStore } from "../store/live-store";
import { openLocalDatabase, type StoredSend } from "./local-database";
import { Outbox } from "./outbox";
import type { SendAnswer, SendApi } from "./send-api";

/** What the server does before it executes the request; it may answer by itself. */
type Answer = () => Promise<unknown>;

/** The server: it executes each key once, as the real one does. */
class FakeServer implements SendApi {
  readonly executed = new Map<string, StoredSend>();
  readonly requests: string[] = [];
  readonly answers: Answer[] = [];
  /** By the text of the send. */
  readonly messageIds = new Map<string, string>();
  atOnce = 0;
  mostAtOnce = 0;

  async submit(send: StoredSend): Promise<SendAnswer> {
    this.requests.push(send.text);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    try {
      await Promise.resolve();
      const answer = this.answers.shift();
      const answered = (await answer?.()) as SendAnswer | undefined;
      if (answered?.isDone !== false) this.executed.set(send.id, send);
      return answered ?? { isDone: true, messageId: this.messageIds.get(send.text) ?? null };
    } finally {
      this.atOnce -= 1;
    }
  }

  upload = vi.fn(async (_send: StoredSend, onProgress: (share: number) => void) => {
    onProgress(0.5);
    return "file-1";
  });
}

let name = "";
let pages: Outbox[] = [];
let locks = new FakeLocks();
let server = new FakeServer();
let matchMs: number | undefined;

beforeEach(() => {
  name = `test-${crypto.randomUUID()}`;
  locks = new FakeLocks();
  server = new FakeServer();
  matchMs = undefined;
  pages = [];
});
afterEach(() => {
  for (const page of pages) page.stop();
});

interface Page {
  outbox: Outbox;
  store: LiveStore;
  states(): string[];
}

async function openPage(): Promise<Page> {
  const store = new LiveStore(ME);
  store.dispatch({
    type: "conversations",
    rows: [buildConversation("c", { version: 5 })],
    since: 0,
  });
  const outbox = new Outbox({
    name,
    userId: ME,
    store,
    database: openLocalDatabase(name),
    api: server,
    locks,
    ...(matchMs === undefined ? {} : { matchMs }),
    refreshThread: async () => {},
  });
  pages.push(outbox);
  await outbox.start();
  const states = () => store.state.sends.map((each) => `${each.text} ${each.state}`);
  return { outbox, store, states };
}

function say(page: Page, text: string, conversationId = "c"): Promise<string> {
  return page.outbox.send(conversationId, { kind: "message", text });
}

function told(text: string, version: number, part = {}) {
  const message = buildMessage(`m${version}`, version, {
    author: "agent",
    text,
    details: { agent: ME },
    ...part,
  });
  const conversation = buildConversation("c", { version, agent: ME, status: "open" });
  return buildEvent(version, conversation, { event: "message_queued", version, message });
}

describe("the outbox", () => {
  it("sends in order, and a send leaves the screen when its message comes", async () => {
    const page = await openPage();
    await say(page, "um");
    await say(page, "dois");
    await vi.waitFor(() =>
      expect([...server.executed.values()].map((e) => e.text)).toEqual(["um", "dois"]),
    );
    page.store.dispatch({ type: "frame", frame: told("um", 6), now: 0 });
    expect(page.states()).toEqual(["dois sending"]);
    page.store.dispatch({ type: "frame", frame: told("dois", 7), now: 0 });
    expect(page.states()).toEqual([]);
    const database = await openLocalDatabase(name);
    await vi.waitFor(async () => expect(await database.count("sends")).toBe(0));
  });

  it("keeps the key of the row when the event comes before the answer", async () => {
    const page = await openPage();
    page.store.dispatch({ type: "thread_opened", id: "c" });
    page.store.dispatch({
      type: "thread_reset",
      id: "c",
      pages: [{ rows: [], activities: [], older: null, newer: null }],
      since: page.store.state.step,
    });
    server.answers.push(async () =>
      page.store.dispatch({ type: "frame", frame: told("oi", 6), now: 0 }),
    );
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.store.state.sendOfMessage.get("m6")).toBe(id));
    expect(page.states()).toEqual([]);
  });

  it("takes a send for its own message, not for one with the same words", async () => {
    const page = await openPage();
    server.messageIds.set("oi", "m7");
    server.answers.push(async () => {
      // From another browser of the user, in the same moment.
      page.store.dispatch({ type: "frame", frame: told("oi", 6), now: 0 });
    });
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.states()).toEqual(["oi sending"]));
    await vi.waitFor(() => expect(page.store.state.sends[0]?.messageId).toBe("m7"));
    expect(page.store.state.sendOfMessage.has("m6")).toBe(false);
    page.store.dispatch({ type: "frame", frame: told("oi", 7), now: 0 });
    expect(page.states()).toEqual([]);
    expect(page.store.state.sendOfMessage.get("m7")).toBe(id);
  });

  it("keeps the words of a refused send although a message with them came", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      page.store.dispatch({ type: "frame", frame: told("oi", 6), now: 0 });
      throw new ApiError(409, { code: "resolved" });
    });
    await say(page, "oi");
    await vi.waitFor(() => expect(page.states()).toEqual(["oi failed"]));
    expect(page.store.state.sendOfMessage.size).toBe(0);
    const database = await openLocalDatabase(name);
    expect(await database.count("sends")).toBe(1);
  });

  it("keeps the key of a row whose answer was lost", async () => {
    const page = await openPage();
    server.messageIds.set("oi", "m6");
    server.answers.push(async () => {
      throw networkError();
    });
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.states()).toEqual(["oi uncertain"]));
    page.store.dispatch({ type: "frame", frame: told("oi", 6), now: 0 });
    expect(page.states()).toEqual([]);
    await page.outbox.retry(id);
    const database = await openLocalDatabase(name);
    await vi.waitFor(async () => expect(await database.count("sends")).toBe(0));
    expect(page.store.state.sendOfMessage.get("m6")).toBe(id);
    expect(server.requests).toEqual(["oi", "oi"]);
  });

  it("asks again what became of a stored send, and keeps its words if it was refused", async () => {
    matchMs = 0;
    const page = await openPage();
    server.answers.push(
      async () => ({ isDone: false, messageId: "m6" }),
      async () => {
        throw networkError();
      },
      async () => {
        throw new ApiError(409, { code: "resolved" });
      },
    );
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.states()).toEqual(["oi failed"]));
    expect(page.store.state.sends[0]?.errorCode).toBe("resolved");
    expect(server.requests).toEqual(["oi", "oi", "oi"]);
    await page.outbox.retry(id);
    await vi.waitFor(() => expect(server.executed.size).toBe(1));
    expect([...server.executed.keys()]).not.toContain(id);
  });

  it("asks after a reload what became of a stored send", async () => {
    const first = await openPage();
    server.answers.push(async () => ({ isDone: false, messageId: "m6" }));
    const id = await say(first, "oi");
    await vi.waitFor(() => expect(first.store.state.sends[0]?.isAccepted).toBe(true));
    first.outbox.stop();
    matchMs = 0;
    const second = await openPage();
    await vi.waitFor(() => expect([...server.executed.keys()]).toEqual([id]));
    await vi.waitFor(() => expect(second.states()).toEqual([]));
  });

  it("repeats a send whose answer was lost under the same key", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      throw networkError();
    });
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.states()).toEqual(["oi uncertain"]));
    await page.outbox.retry(id);
    await vi.waitFor(() => expect([...server.executed.keys()]).toEqual([id]));
    expect(server.requests).toEqual(["oi", "oi"]);
  });

  it("holds back the next send of the conversation, not those of others", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      throw networkError();
    });
    await say(page, "um");
    await vi.waitFor(() => expect(page.states()).toEqual(["um uncertain"]));
    await say(page, "dois");
    await say(page, "outra", "d");
    await vi.waitFor(() =>
      expect([...server.executed.values()].map((e) => e.text)).toEqual(["outra"]),
    );
    expect(page.states()).toContain("dois queued");
  });

  it("goes on after a reload with the same key", async () => {
    const first = await openPage();
    server.answers.push(() => new Promise(() => {})); // the page is closed meanwhile
    const id = await say(first, "oi");
    await vi.waitFor(() => expect(server.requests).toEqual(["oi"]));
    first.outbox.stop();
    locks = new FakeLocks(); // the browser frees the lock of a closed page
    const second = await openPage();
    await vi.waitFor(() => expect([...server.executed.keys()]).toEqual([id]));
    expect(second.store.state.sends.map((each) => each.id)).toEqual([id]);
  });

  it("keeps the words of a refused send, and sends them again under a new key", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      throw new ApiError(409, { code: "not_taken_over" });
    });
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.store.state.sends[0]?.errorCode).toBe("not_taken_over"));
    expect(page.states()).toEqual(["oi failed"]);
    await page.outbox.retry(id);
    await vi.waitFor(() =>
      expect([...server.executed.values()].map((e) => e.text)).toEqual(["oi"]),
    );
    expect([...server.executed.keys()]).not.toContain(id);
  });

  it("waits for the sign-in", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      throw new ApiError(401, { code: "unauthenticated" });
    });
    await say(page, "oi");
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    await vi.waitFor(() => expect(page.states()).toEqual(["oi queued"]));
    const next = await openPage();
    await vi.waitFor(() => expect(server.executed.size).toBe(1));
    expect(next.states()).toEqual(["oi sending"]);
  });

  it("sends once from two pages, and both show it", async () => {
    const first = await openPage();
    const second = await openPage();
    const texts = Array.from({ length: 6 }, (_, at) => `texto ${at}`);
    for (const [at, text] of texts.entries()) await say(at % 2 ? first : second, text);
    await vi.waitFor(() => expect(server.executed.size).toBe(6));
    expect(server.requests).toHaveLength(6);
    expect(server.mostAtOnce).toBe(1);
    await vi.waitFor(() => expect(first.store.state.sends).toHaveLength(6));
    await vi.waitFor(() => expect(second.store.state.sends).toHaveLength(6));
  });

  it("uploads a file once, also when the message must be repeated", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      throw networkError();
    });
    const file = { name: "mapa.png", type: "image/png", size: 10 } as File;
    const id = await page.outbox.send("c", { kind: "message", text: "", file });
    await vi.waitFor(() => expect(page.states()).toEqual([" uncertain"]));
    await page.outbox.retry(id);
    await vi.waitFor(() => expect(server.executed.get(id)?.fileId).toBe("file-1"));
    expect(server.upload).toHaveBeenCalledTimes(1);
    const settled = told("", 6, { details: { agent: ME, attachment: "file-1" }, kind: "image" });
    page.store.dispatch({ type: "frame", frame: settled, now: 0 });
    expect(page.states()).toEqual([]);
  });

  it("discards what the user gives up", async () => {
    const page = await openPage();
    server.answers.push(async () => {
      throw new ApiError(422, { code: "invalid" });
    });
    const id = await say(page, "oi");
    await vi.waitFor(() => expect(page.states()).toEqual(["oi failed"]));
    await page.outbox.discard(id);
    expect(page.states()).toEqual([]);
  });
});

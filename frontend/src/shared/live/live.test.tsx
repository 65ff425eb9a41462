import { act, render, screen, waitFor } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeLiveApi } from "@/testing/fake-live-api";
import { FakeSocket } from "@/testing/fake-socket";
import { buildWelcome, ME } from "@/testing/live-builders";
import {
  type LiveEvent,
  LiveProvider,
  live,
  outbox,
  type Thread,
  useConversationList,
  useConversationState,
  useCounts,
  useLink,
  useThread,
  useTyping,
  useUnread,
} from ".";
import type { SendApi } from "./outbox/send-api";

/** Socket, pages, store and hooks together; the server is the test. */

let server = new FakeLiveApi();
const sendApi: SendApi = {
  submit: vi.fn(async () => ({ isDone: true, messageId: null })),
  upload: async () => "file",
};

beforeEach(() => {
  server = new FakeLiveApi();
  FakeSocket.all = [];
});

function open(children: ReactNode, tenantId: string = crypto.randomUUID()) {
  return render(
    <StrictMode>
      <LiveProvider
        userId={ME}
        tenantId={tenantId}
        api={server}
        sendApi={sendApi}
        openSocket={FakeSocket.open}
      >
        {children}
      </LiveProvider>
    </StrictMode>,
  );
}

async function connect(caughtUp: boolean, position = "0.0.0") {
  await act(async () => {
    FakeSocket.last.accept();
    FakeSocket.last.tell(buildWelcome(position, caughtUp));
  });
}

function List() {
  const { ids, state } = useConversationList({}, "changed");
  const counts = useCounts();
  const { state: link } = useLink();
  return (
    <p>
      {state} {ids.join(",")} | {counts?.all ?? "?"} | {link}
    </p>
  );
}

function State() {
  return <p>{useConversationState("a").state}</p>;
}

function Marks() {
  return (
    <p>
      {useTyping("a").join(",")} {useUnread("a")}
    </p>
  );
}

let thread: Thread | null = null;
function Messages({ id }: { id: string }) {
  thread = useThread(id);
  const texts = thread.rows.map((row) => {
    if (row.type === "message") return row.message.text;
    return row.type === "outbox" ? `(${row.entry.text})` : `[${row.type}]`;
  });
  return <p data-testid="thread">{texts.join(" ")}</p>;
}

function threadText(): string {
  return screen.getByTestId("thread").textContent ?? "";
}

describe("the live state of a page", () => {
  it("shows a list at once, fetches it again when the stream has begun, then follows the events", async () => {
    server.write("a", "um");
    server.write("b", "dois");
    open(<List />);
    await screen.findByText(/^ready b,a/);
    server.write("a", "três"); // before the stream: nobody tells of it
    await connect(false, "3.a.2");
    await screen.findByText("ready a,b | 2 | connected");
    expect(server.calls.filter((each) => each.startsWith("list"))).toHaveLength(2);
    act(() => FakeSocket.last.tell(server.write("b", "quatro")));
    await screen.findByText("ready b,a | 2 | connected");
  });

  it("misses nothing over a cut that the server can replay", async () => {
    server.write("a", "um");
    open(<Messages id="a" />);
    await connect(false, "1.a.1");
    await waitFor(() => expect(threadText()).toBe("[visit] um"));
    act(() => FakeSocket.last.cut());
    const missed = [server.write("a", "dois"), server.write("a", "três")];
    await waitFor(() => expect(FakeSocket.all.length).toBeGreaterThan(2), { timeout: 2_000 });
    const events: LiveEvent[] = [];
    const stop = live.onEvent((event) => events.push(event));
    await connect(true, "1.a.1");
    act(() => FakeSocket.last.tell(...missed, ...missed));
    await waitFor(() => expect(threadText()).toBe("[visit] um dois três"));
    expect(events.map((each) => [each.message?.text, each.replayed])).toEqual([
      ["dois", true],
      ["três", true],
    ]);
    stop();
  });

  it("fetches what is mounted again after a cut that was too long", async () => {
    server.write("a", "um");
    open(
      <>
        <List />
        <Messages id="a" />
      </>,
    );
    await connect(false, "1.a.1");
    await waitFor(() => expect(threadText()).toBe("[visit] um"));
    act(() => FakeSocket.last.cut());
    server.write("a", "dois");
    server.write("b", "novo");
    await waitFor(() => expect(FakeSocket.all.length).toBeGreaterThan(2), { timeout: 2_000 });
    await connect(false, "3.b.1");
    await waitFor(() => expect(threadText()).toBe("[visit] um dois"));
    await screen.findByText("ready b,a | 2 | connected", {}, { timeout: 4_000 });
  });

  it("chains the earlier conversations of the contact and jumps into them", async () => {
    const contact_id = "contact-1";
    for (let at = 0; at < 120; at++)
      server.write("a", `a${at}`, { contact_id, status: "resolved" });
    for (let at = 0; at < 3; at++) server.write("b", `b${at}`, { contact_id, status: "open" });
    open(<Messages id="b" />);
    await connect(false);
    await waitFor(() => expect(threadText()).toContain("a119 [visit] b0 b1 b2"));
    expect(threadText().startsWith("a70 ")).toBe(true);
    await act(async () => {
      expect(await thread?.jumpTo("a-m11")).toBe(true);
    });
    expect(threadText()).toContain("[visit] a0 a1");
    expect(thread?.hasNewer).toBe(true);
    await act(async () => expect(await thread?.jumpTo("nobody")).toBe(false));
    act(() => thread?.jumpToEnd());
    expect(threadText()).toContain("b2");
    expect(thread?.hasNewer).toBe(false);
  });

  it("shows an own message once, from the writing to the row of the server", async () => {
    server.write("a", "um", { agent: ME, status: "open" });
    open(<Messages id="a" />);
    await connect(false, "1.a.1");
    await waitFor(() => expect(threadText()).toBe("[visit] um"));
    let id = "";
    await act(async () => {
      id = await outbox.send("a", { kind: "message", text: "olá" });
    });
    expect(threadText()).toBe("[visit] um (olá)");
    const event = server.write("a", "olá");
    if (event.message) {
      event.message.author = "agent";
      event.message.details = { agent: ME };
    }
    await waitFor(() => expect(sendApi.submit).toHaveBeenCalled());
    act(() => FakeSocket.last.tell(event));
    await waitFor(() => expect(threadText()).toBe("[visit] um olá"));
    expect(thread?.rows.at(-1)?.key).toBe(id);
  });

  it("hides a conversation that the user may no longer see", async () => {
    server.write("a", "um");
    open(
      <>
        <State />
        <List />
      </>,
    );
    await connect(false, "1.a.1");
    await screen.findByText("ready");
    act(() => FakeSocket.last.tell({ type: "hidden", conversation_id: "a", position: "2.a.2" }));
    await screen.findByText("hidden");
    await screen.findByText(/^ready \|/);
  });

  it("shows who types, without the user, and what is unread until it is read", async () => {
    server.write("a", "um", { agent: ME, status: "open" });
    open(<Marks />);
    await connect(false, "1.a.1");
    await screen.findByText("2");
    const typing = { type: "typing" as const, conversation_id: "a", typing: true };
    act(() => FakeSocket.last.tell({ ...typing, user_id: ME }, { ...typing, user_id: "outra" }));
    await screen.findByText("outra 2");
    act(() => FakeSocket.last.tell(server.write("a", "dois", { agent: ME })));
    act(() => live.markRead("a", 2));
    await screen.findByText("outra 0");
    await waitFor(
      () =>
        expect(FakeSocket.last.sent).toContainEqual({
          type: "read",
          conversation_id: "a",
          version: 2,
        }),
      { timeout: 2_000 },
    );
  });

  it("fetches again when an event cannot be applied, and says so", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    server.write("a", "um");
    open(<List />);
    await connect(false, "1.a.1");
    await screen.findByText("ready a | 1 | connected");
    const broken = { ...server.write("b", "dois"), conversation: null } as never;
    act(() => FakeSocket.last.tell(broken));
    await screen.findByText(/^ready b,a/);
    expect(report).toHaveBeenCalled();
  });
});

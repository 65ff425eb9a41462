import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeSocket } from "@/testing/fake-socket";
import { buildConversation, buildEvent, buildWelcome } from "@/testing/live-builders";
import type { ServerFrame } from "../frames.gen";
import type { Link } from "../types";
import { LiveSocket } from "./live-socket";
import { reconnectDelay } from "./reconnect-delay";

let position: string | null = null;
let links: Link["state"][] = [];
let frames: ServerFrame[] = [];
let busy = false;
const checkSession = vi.fn(async () => {});
const onSignedOut = vi.fn();
let socket: LiveSocket;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  position = null;
  links = [];
  frames = [];
  busy = false;
  checkSession.mockClear();
  onSignedOut.mockClear();
  socket = new LiveSocket({
    url: "ws://desk/live",
    openSocket: FakeSocket.open,
    position: () => position,
    onFrame: (frame) => {
      frames.push(frame);
      if ("position" in frame) position = frame.position;
    },
    onLink: (link) => links.push(link.state),
    isBusy: () => busy,
    checkSession,
    onSignedOut,
  });
  socket.start();
});
afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

function connect(caughtUp = false): void {
  FakeSocket.last.accept();
  FakeSocket.last.tell(buildWelcome(position ?? "10.0.0", caughtUp));
}

describe("the live socket", () => {
  it("says hello without a position first, and is connected with the welcome", () => {
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: "hello" }]);
    FakeSocket.last.tell(buildWelcome("10.0.0", false));
    expect(links).toEqual(["connecting", "connected"]);
  });

  it("resumes from the position of the last frame after a cut", () => {
    connect();
    FakeSocket.last.tell(buildEvent(11, buildConversation("a")));
    FakeSocket.last.cut();
    vi.advanceTimersByTime(1_000);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: "hello", position: "11.a.1" }]);
    FakeSocket.last.tell(buildWelcome("11.a.1", true));
    expect(links.at(-1)).toBe("catching_up");
    vi.advanceTimersByTime(500);
    expect(links.at(-1)).toBe("connected");
  });

  it("goes on catching up while missed events come and while pages are fetched again", () => {
    connect();
    FakeSocket.last.cut();
    vi.advanceTimersByTime(1_000);
    busy = true;
    connect(false);
    vi.advanceTimersByTime(300);
    FakeSocket.last.tell(buildEvent(12, buildConversation("a")));
    vi.advanceTimersByTime(2_000);
    expect(links.at(-1)).toBe("catching_up");
    busy = false;
    vi.advanceTimersByTime(500);
    expect(links.at(-1)).toBe("connected");
  });

  it("calls itself offline only when a cut lasts", () => {
    connect();
    FakeSocket.last.cut();
    expect(links.at(-1)).toBe("connecting");
    vi.advanceTimersByTime(5_000);
    expect(links.at(-1)).toBe("offline");
  });

  it("reconnects when the server says nothing for too long", () => {
    connect();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
  });

  it("resumes at once after a sleep", () => {
    connect();
    vi.advanceTimersByTime(4_000);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(2_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("resumes at once when the line is back", () => {
    connect();
    window.dispatchEvent(new Event("offline"));
    expect(links.at(-1)).toBe("offline");
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("returns when a stopping server asks for it", () => {
    connect();
    FakeSocket.last.tell({ type: "goodbye", reason: "restarting", retry_after_s: 7 });
    FakeSocket.last.cut(1012);
    vi.advanceTimersByTime(6_500);
    expect(FakeSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("tells the page that the session has ended, and does not return", () => {
    connect();
    FakeSocket.last.tell({ type: "goodbye", reason: "signed_out" });
    FakeSocket.last.cut(1008);
    expect(onSignedOut).toHaveBeenCalledWith("signed_out");
    vi.advanceTimersByTime(120_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("refreshes the session when the hello is refused", async () => {
    FakeSocket.last.accept();
    FakeSocket.last.cut(1008, "unauthenticated: Sign in.");
    expect(checkSession).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("forgets a position that the server does not know", async () => {
    connect();
    FakeSocket.last.cut();
    vi.advanceTimersByTime(1_000);
    FakeSocket.last.accept();
    FakeSocket.last.cut(1008, "bad_position: Leave it out.");
    await vi.advanceTimersByTimeAsync(2_000);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: "hello" }]);
  });
});

describe("the delay before a new connection", () => {
  it("grows, is random, and has a limit", () => {
    expect(reconnectDelay(0, null, () => 0)).toBe(250);
    expect(reconnectDelay(0, null, () => 1)).toBe(500);
    expect(reconnectDelay(3, null, () => 1)).toBe(4_000);
    expect(reconnectDelay(50, null, () => 1)).toBe(30_000);
  });
});

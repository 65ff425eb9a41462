import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toast } from "@/shared/ui/feedback/toaster";
import { giveLayout } from "@/testing/layout";
import { fixture } from "@/testing/live-fixture";
import { answerRequests, renderSignedIn, type SentRequest } from "@/testing/signed-in";
import { ANA, conversation } from "@/testing/signed-in-user";
import { Board } from "./components/board";

vi.mock("@/shared/live", () => import("@/testing/live-fixture"));
vi.setConfig({ testTimeout: 30_000 }); // menus are slow on a busy machine

const row = (id: string, change: Parameters<typeof conversation>[0]) =>
  conversation({ id, contact: id, ...change });
let sent: SentRequest[] = [];

beforeEach(() => {
  giveLayout();
  fixture.reset();
  fixture.set({
    rows: [
      row("robot", { status: "pending", team: null }),
      row("first", { status: "waiting" }),
      row("second", { status: "waiting" }),
      row("other", { status: "open", agent: "bruno", team: "billing" }),
    ],
  });
  sent = answerRequests(({ path }) => ({
    body: path === "/colleagues" ? { users: [], teams: [] } : { done: true },
  }));
});
afterEach(() => {
  toast.dismiss();
  vi.unstubAllGlobals();
});

const show = (user = ANA) => renderSignedIn(<Board onOpen={() => {}} />, user);
const option = (id: string) =>
  screen.getAllByRole("option").find((each) => each.dataset.rowId === id) as HTMLElement;
const posts = () => sent.filter((each) => each.method === "POST");

test("each status has its column and count", () => {
  show();
  const waiting = screen.getByRole("region", { name: "Em espera" });
  expect(within(waiting).getAllByRole("option")).toHaveLength(2);
  expect(within(waiting).getByRole("heading").nextSibling?.textContent).toBe("2");
});

test("a conversation is moved without a pointer, and the move is announced", async () => {
  show();
  act(() => option("first").focus());
  await userEvent.keyboard("m");
  await userEvent.click(await screen.findByRole("menuitem", { name: "Em atendimento" }));
  await screen.findByText("first movida para Em atendimento");
  expect(posts().map((each) => each.path)).toEqual(["/conversations/first/assign"]);
});

test("back to the queue goes to the team that had it", async () => {
  fixture.set({ rows: [row("mine", { status: "open", agent: ANA.id })] });
  show();
  act(() => option("mine").focus());
  await userEvent.keyboard("m");
  await userEvent.click(await screen.findByRole("menuitem", { name: "Em espera" }));
  await vi.waitFor(() => expect(posts()).toHaveLength(1));
  expect(posts()[0]?.body).toEqual({ team: "support", agent: null, note: "" });
});

test("what the user may not move offers no column", async () => {
  show();
  act(() => option("other").focus());
  await userEvent.keyboard("m");
  await screen.findByRole("menuitem", { name: /Copiar protocolo/ });
  expect(screen.queryByText("Mover para")).toBeNull();
});

test("left and right go to the column beside", async () => {
  show();
  act(() => option("second").focus());
  await userEvent.keyboard("{ArrowLeft}");
  expect(document.activeElement).toBe(option("robot"));
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  expect(document.activeElement).toBe(option("other"));
});

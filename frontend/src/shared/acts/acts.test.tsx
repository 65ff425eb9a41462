import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Toaster, toast } from "@/shared/ui/feedback/toaster";
import { answerRequests, renderSignedIn } from "@/testing/signed-in";
import { ANA, conversation } from "@/testing/signed-in-user";
import { changedLabels, resolve, snooze, transfer } from "./definitions";
import { useResolve, useSetPriority } from "./hooks";
import { labelSlug } from "./label-picker";
import { useExpected } from "./optimistic";
import { mayWith } from "./permission";
import { snoozeChoices, snoozeUntil, suggestedTime } from "./snooze-times";
import { TransferDialog } from "./transfer-dialog";

vi.mock("@/shared/live", () => import("@/testing/live-fixture"));
vi.setConfig({ testTimeout: 30_000 }); // typing and menus are slow on a busy machine

beforeEach(() => {
  Element.prototype.setPointerCapture ??= () => {};
  Element.prototype.scrollIntoView ??= () => {};
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  toast.dismiss();
  vi.unstubAllGlobals();
});

describe("permission with a conversation", () => {
  const may = (change: Parameters<typeof conversation>[0], permissions = ANA.permissions) =>
    mayWith({ ...ANA, permissions }, "conversations:reply", conversation(change));

  test("the scope team covers own ones, the teams, and those of nobody", () => {
    expect(may({ team: "support" })).toBe(true);
    expect(may({ team: "billing" })).toBe(false);
    expect(may({ team: "billing", agent: ANA.id })).toBe(true);
    expect(may({ team: null, agent: null })).toBe(true);
    expect(may({ team: null, agent: "someone" })).toBe(false);
  });

  test("own, all and none", () => {
    expect(may({}, ["conversations:reply:own"])).toBe(false);
    expect(may({ agent: ANA.id }, ["conversations:reply:own"])).toBe(true);
    expect(may({ team: "billing" }, ["conversations:reply:all"])).toBe(true);
    expect(may({ agent: ANA.id }, ["conversations:read:all"])).toBe(false);
  });
});

test("labels are written as slugs and kept sorted", () => {
  expect(labelSlug(" Sem sinal! ")).toBe("sem-sinal");
  expect(labelSlug("???")).toBe("");
  expect(changedLabels(["vip"], { add: ["boleto"], remove: ["vip", "x"] })).toEqual(["boleto"]);
});

test("snooze times are mornings in the browser's time zone", () => {
  const friday = new Date(2026, 2, 13, 16, 20);
  expect(snoozeUntil("hour", friday)).toEqual(new Date(2026, 2, 13, 17, 20));
  expect(snoozeUntil("tomorrow", friday)).toEqual(new Date(2026, 2, 14, 8));
  expect(snoozeUntil("monday", friday)).toEqual(new Date(2026, 2, 16, 8));
  expect(snoozeUntil("monday", new Date(2026, 2, 16, 7))).toEqual(new Date(2026, 2, 23, 8));
  expect(snoozeChoices(friday)).toContain("monday");
  expect(snoozeChoices(new Date(2026, 2, 15, 9))).not.toContain("monday");
  expect(suggestedTime(friday)).toEqual(new Date(2026, 2, 13, 17, 30));
});

test("an undo gives the conversation back to whom it belonged", () => {
  const hers = conversation({ status: "open", agent: "bruno" });
  expect(snooze.undo?.(hers, { until: "" })?.input).toEqual({ agent: "bruno" });
  expect(transfer.undo?.(conversation(), { team: "billing" })?.input).toEqual({ team: "support" });
  expect(transfer.undo?.(conversation({ status: "pending" }), { team: "billing" })).toBeNull();
  expect(resolve.fits(conversation({ status: "resolved" }))).toBe(false);
});

function Row({ row = conversation() }) {
  const shown = useExpected(row);
  const [resolveAct, priority] = [useResolve(), useSetPriority()];
  return (
    <>
      <p>
        {shown.status} {shown.priority}
      </p>
      <button type="button" onClick={() => void resolveAct.run(row, undefined)}>
        resolve
      </button>
      <button type="button" onClick={() => void priority.run(row, { priority: "urgent" })}>
        urgent
      </button>
      <Toaster />
    </>
  );
}

test("resolving shows at once, and the toast reopens", async () => {
  const sent = answerRequests(() => ({ body: { done: true } }));
  renderSignedIn(<Row />);
  await userEvent.click(screen.getByText("resolve"));
  expect(screen.getByText("resolved normal")).toBeDefined();
  await screen.findByText("Atendimento encerrado");
  await userEvent.click(screen.getByText("Desfazer"));
  await screen.findByText("Desfeito");
  expect(sent.map((each) => each.path.split("/").at(-1))).toEqual(["resolve", "reopen"]);
  expect(new Set(sent.map((each) => each.key)).size).toBe(2);
});

test("a refused act is taken back and the toast says what to do", async () => {
  const row = conversation({ id: "aaaaaaaa-0000-4000-8000-000000000002" });
  answerRequests(() => ({ status: 409, body: { code: "resolved", title: "…", status: 409 } }));
  renderSignedIn(<Row row={row} />);
  await userEvent.click(screen.getByText("urgent"));
  await screen.findByText("A prioridade não mudou");
  expect(screen.getByText("A conversa já foi encerrada. Reabra para continuar.")).toBeDefined();
  expect(screen.getByText("waiting normal")).toBeDefined();
  expect(screen.queryByText("Tentar de novo")).toBeNull();
});

test("of two acts on their way only the refused one is taken back", async () => {
  const row = conversation({ id: "aaaaaaaa-0000-4000-8000-000000000004" });
  answerRequests(({ path }) =>
    path.endsWith("priority") ? { status: 403, body: { code: "forbidden" } } : undefined,
  );
  renderSignedIn(<Row row={row} />);
  await userEvent.click(screen.getByText("resolve"));
  await userEvent.click(screen.getByText("urgent"));
  await screen.findByText("A prioridade não mudou");
  expect(screen.getByText("resolved normal")).toBeDefined();
});

test("after a lost answer the same key is sent again", async () => {
  const row = conversation({ id: "aaaaaaaa-0000-4000-8000-000000000003" });
  let answers = 0;
  const sent = answerRequests(() => {
    answers += 1;
    return answers === 1 ? { status: 503 } : { body: { done: true } };
  });
  renderSignedIn(<Row row={row} />);
  await userEvent.click(screen.getByText("resolve"));
  await userEvent.click(await screen.findByText("Tentar de novo"));
  await screen.findByText("Atendimento encerrado");
  expect(sent[0]?.key).toBe(sent[1]?.key);
});

test("without the permission nothing is sent", async () => {
  const sent = answerRequests(() => undefined);
  renderSignedIn(<Row row={conversation({ team: "billing" })} />);
  await userEvent.click(screen.getByText("resolve"));
  await screen.findByText("O atendimento não foi encerrado");
  expect(sent).toEqual([]);
});

test("a conversation is transferred to a person with a note", async () => {
  const colleague = (id: string, name: string, state: string) => ({
    id,
    name,
    state,
    teams: [],
    reason: null,
    photo_url: null,
  });
  const users = [colleague("b", "Bruno", "offline"), colleague("c", "Carla", "online")];
  const sent = answerRequests(({ path }) => ({
    body: path === "/colleagues" ? { users, teams: [] } : { done: true },
  }));
  const onClose = vi.fn();
  renderSignedIn(<TransferDialog conversations={[conversation()]} onClose={onClose} />);
  const confirm = screen.getByRole("button", { name: "Transferir" });
  expect(confirm).toHaveProperty("disabled", true);
  await userEvent.click(screen.getByRole("tab", { name: "Pessoa" }));
  const options = await screen.findAllByRole("option");
  expect(within(options[0] as HTMLElement).getByText("Carla")).toBeDefined();
  await userEvent.click(options[0] as HTMLElement);
  await userEvent.type(screen.getByLabelText("Nota interna (opcional)"), "Já testei o sinal");
  await userEvent.click(confirm);
  await waitFor(() => expect(sent.at(-1)?.path).toMatch(/transfer$/));
  expect(sent.at(-1)?.body).toEqual({ agent: "c", team: null, note: "Já testei o sinal" });
  expect(onClose).toHaveBeenCalled();
});

test("many are sent together, and those that were refused are counted", async () => {
  const rows = [1, 2, 3].map((n) =>
    conversation({ id: `cccccccc-0000-4000-8000-00000000000${n}` }),
  );
  const sent = answerRequests(({ body }) => ({
    body: {
      results: (body as { ids: string[] }).ids.map((id, index) =>
        index === 1
          ? { id, result: "refused", code: "resolved", title: "" }
          : { id, result: "done" },
      ),
    },
  }));
  renderSignedIn(<Many rows={rows} />);
  await userEvent.click(screen.getByText("resolve all"));
  await screen.findByText("1 de 3 conversas não mudaram");
  await screen.findByText("2 atendimentos encerrados");
  expect(sent).toHaveLength(1);
  expect(sent[0]?.path).toBe("/conversations/bulk");
  expect(sent[0]?.body).toMatchObject({ act: "resolve", ids: rows.map((each) => each.id) });
});

function Many({ rows }: { rows: ReturnType<typeof conversation>[] }) {
  const resolveAct = useResolve();
  return (
    <>
      <button type="button" onClick={() => void resolveAct.run(rows, undefined)}>
        resolve all
      </button>
      <Toaster />
    </>
  );
}

import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { answerRequests, renderSignedIn } from "@/testing/signed-in";
import { useConversationExport } from "./use-conversation-export";

const RANGE = { from: "2026-04-20", to: "2026-04-26" };

function Buttons() {
  const { startCsv, requestWorkbook } = useConversationExport({
    metric: "resolved",
    range: RANGE,
    groupBy: "agent",
    key: "ana",
    filters: { team: "suporte" },
  });
  return (
    <>
      <button type="button" onClick={startCsv}>
        csv
      </button>
      <button type="button" onClick={requestWorkbook}>
        xlsx
      </button>
    </>
  );
}

const BODY = {
  metric: "resolved",
  group_by: "agent",
  key: "ana",
  ...RANGE,
  filters: { team: "suporte" },
  language: "pt",
};

it("what is too large to stream is requested as a job of the same conversations", async () => {
  const sent = answerRequests(({ path }) =>
    path === "/reports/export/conversations"
      ? { status: 409, body: { code: "export_too_large", title: "Too many." } }
      : { body: { items: [] } },
  );
  renderSignedIn(<Buttons />);
  await userEvent.click(screen.getByRole("button", { name: "csv" }));
  await waitFor(() => expect(sent.map((each) => each.path)).toContain("/reports/exports"));
  const request = sent.find((each) => each.method === "POST");
  expect(request?.body).toEqual({ ...BODY, file_format: "csv" });
  expect(request?.key).toBeTruthy();
});

it("a workbook is always a job", async () => {
  const sent = answerRequests(() => ({ body: { items: [] } }));
  renderSignedIn(<Buttons />);
  await userEvent.click(screen.getByRole("button", { name: "xlsx" }));
  await waitFor(() => expect(sent.length).toBeGreaterThan(0));
  expect(sent[0]).toMatchObject({
    method: "POST",
    path: "/reports/exports",
    body: { ...BODY, file_format: "xlsx" },
  });
});

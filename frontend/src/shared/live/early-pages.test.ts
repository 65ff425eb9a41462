import { afterEach, expect, test, vi } from "vitest";
import { answerRequests, type SentRequest } from "@/testing/signed-in";
import { fetchListEarly, forgetEarlyPages, serverApi } from "./live-api";
import { createSources, createSpec } from "./state/list-spec";

const ME = "0198f0f0-0000-7000-8000-000000000001";
const [{ query }] = createSources(createSpec({ tab: "all" }, "changed", ME)) as [
  ReturnType<typeof createSources>[number],
];
let sent: SentRequest[] = [];
const answer = () => {
  sent = answerRequests(() => ({ body: { items: [], next_cursor: null } }));
};
afterEach(() => {
  forgetEarlyPages();
  vi.unstubAllGlobals();
});

test("a page that was asked for early serves once, then the server is asked", async () => {
  answer();
  fetchListEarly({ tab: "all" }, "changed", ME);
  await serverApi.listConversations(query, null);
  expect(sent).toHaveLength(1);
  await serverApi.listConversations(query, null);
  expect(sent).toHaveLength(2);
});

test("the end of a session forgets what was asked for early", async () => {
  answer();
  fetchListEarly({ tab: "all" }, "changed", ME);
  forgetEarlyPages();
  await serverApi.listConversations(query, null);
  expect(sent).toHaveLength(2);
});

test("a further page is never an early one", async () => {
  answer();
  fetchListEarly({ tab: "all" }, "changed", ME);
  await serverApi.listConversations(query, "next");
  expect(sent).toHaveLength(2);
});

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { useSharedQuery } from "./shared-query";

const fetchName = vi.fn<() => Promise<string>>();
const options = { queryKey: ["name"], queryFn: fetchName, staleTime: 60_000 };

function Name() {
  return <p>{useSharedQuery(options) ?? "…"}</p>;
}
const show = (client: QueryClient) =>
  render(
    <QueryClientProvider client={client}>
      <Name />
      <Name />
    </QueryClientProvider>,
  );

test("all that ask share one request and are told of changes", async () => {
  fetchName.mockReset().mockResolvedValue("Ana");
  const client = new QueryClient();
  show(client);
  expect(await screen.findAllByText("Ana")).toHaveLength(2);
  expect(fetchName).toHaveBeenCalledTimes(1);
  act(() => client.setQueryData(["name"], "Ana Beatriz"));
  expect(screen.getAllByText("Ana Beatriz")).toHaveLength(2);
});

test("after a sign-out the next user is shown what belongs to that user, and its changes", async () => {
  fetchName.mockReset().mockResolvedValueOnce("Ana").mockResolvedValueOnce("Bia");
  const client = new QueryClient();
  const first = show(client);
  await screen.findAllByText("Ana");
  client.clear();
  first.unmount();
  show(client);
  expect(screen.queryByText("Ana")).toBeNull();
  expect(await screen.findAllByText("Bia")).toHaveLength(2);
  act(() => client.setQueryData(["name"], "Bia Maria"));
  expect(screen.getAllByText("Bia Maria")).toHaveLength(2);
});

import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test } from "vitest";
import { fakeServer } from "@/testing/fake-server";
import { DEFAULT_PREFERENCES, usePreferences, useUpdatePreferences } from "./preferences";
import { createQueryClient } from "./query-client";

function renderPreferences() {
  const queryClient = createQueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
  );
  const use = () => ({ preferences: usePreferences(), update: useUpdatePreferences() });
  return renderHook(use, { wrapper }).result;
}

test("a change is shown at once and repeated on the version of another window", async () => {
  let stored: object = DEFAULT_PREFERENCES;
  let version = 1;
  const server = fakeServer({
    "GET /preferences": () => Response.json(stored, { headers: { etag: `"${version}"` } }),
    "PUT /preferences": async (request) => {
      if (request.headers.get("if-match") !== `"${version}"`) {
        return Response.json({ title: "stale", code: "stale" }, { status: 412 });
      }
      stored = await request.json();
      version += 1;
      return Response.json(stored, { headers: { etag: `"${version}"` } });
    },
  });
  const result = renderPreferences();
  await waitFor(() => expect(server.requests).toHaveLength(1));

  stored = { ...DEFAULT_PREFERENCES, density: "compact" }; // in another window
  version = 2;
  act(() => result.current.update.mutate((current) => ({ ...current, theme: "dark" })));
  await waitFor(() => expect(result.current.preferences.theme).toBe("dark"));

  await waitFor(() => expect(version).toBe(3));
  expect(stored).toMatchObject({ theme: "dark", density: "compact" });
  await waitFor(() => expect(result.current.preferences.density).toBe("compact"));
});

test("a change that cannot be saved is taken back", async () => {
  fakeServer({
    "GET /preferences": () => Response.json(DEFAULT_PREFERENCES, { headers: { etag: '"1"' } }),
    "PUT /preferences": () => Response.json({ title: "no", code: "invalid" }, { status: 422 }),
  });
  const result = renderPreferences();
  act(() => result.current.update.mutate((current) => ({ ...current, theme: "dark" })));
  await waitFor(() => expect(result.current.update.isError).toBe(true));
  await waitFor(() => expect(result.current.preferences.theme).toBe("system"));
});

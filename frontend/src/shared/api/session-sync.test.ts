import { expect, test, vi } from "vitest";
import { onSignedOut } from "./client";
import { placeOfSignOut, tellTabs, watchSession } from "./session-sync";

test("a sign-out in another tab ends this one, even if the socket says it first", async () => {
  const other = new BroadcastChannel("niochat.session");
  const codes: string[] = [];
  const stops = [onSignedOut((code) => codes.push(code)), watchSession(() => undefined)];
  other.postMessage("signing_out");
  await vi.waitFor(() => expect(placeOfSignOut()).toBe("in another tab"));
  expect(codes).toEqual([]);
  other.postMessage("signed_out");
  await vi.waitFor(() => expect(codes).toEqual(["signed_out_here"]));
  other.postMessage("signed_in");
  await vi.waitFor(() => expect(placeOfSignOut()).toBeNull());
  for (const stop of stops) stop();
  other.close();
});

test("a sign-out that fails leaves everything as it was", () => {
  tellTabs("signing_out");
  expect(placeOfSignOut()).toBe("here");
  tellTabs("stayed");
  expect(placeOfSignOut()).toBeNull();
});

import { announceSignedOut, csrfToken } from "./client";

/** What one tab tells the others of this browser. They share the cookies, so they share the session. */
type SessionNews = "signed_in" | "signing_out" | "stayed" | "signed_out";

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("niochat.session") : null;
let leaving: "here" | "in another tab" | null = null;

export function tellTabs(news: SessionNews): void {
  channel?.postMessage(news);
  if (news === "signing_out") leaving = "here";
  else if (news !== "signed_out") leaving = null;
}

/**
 * Where the user is signing out, if so. The server ends the sockets before it answers, so the end of
 * the session may be heard from them first.
 */
export function placeOfSignOut(): typeof leaving {
  return leaving;
}

/**
 * Watches the session of this browser. `onSignedIn` is called after a sign-in in another tab, maybe
 * of another user; a sign-out there is announced as `signed_out_here`. Returns how to stop.
 */
export function watchSession(onSignedIn: () => void): () => void {
  let token = csrfToken();
  // A sleeping tab may miss the message, so it also looks at the cookie when it is shown again.
  const compare = () => {
    const current = csrfToken();
    if (document.visibilityState === "hidden" || current === token) return;
    token = current;
    if (current === null) announceSignedOut("signed_out_here");
    else onSignedIn();
  };
  const hear = ({ data: news }: MessageEvent<SessionNews>) => {
    leaving = news === "signing_out" || news === "signed_out" ? "in another tab" : null;
    token = csrfToken();
    if (news === "signed_out") announceSignedOut("signed_out_here");
    if (news === "signed_in") onSignedIn();
  };
  channel?.addEventListener("message", hear);
  document.addEventListener("visibilitychange", compare);
  window.addEventListener("focus", compare);
  return () => {
    channel?.removeEventListener("message", hear);
    document.removeEventListener("visibilitychange", compare);
    window.removeEventListener("focus", compare);
  };
}

import { useSyncExternalStore } from "react";

/** Chrome's offer to install the page as an app. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallOffer | null = null;
const listeners = new Set<() => void>();

function change(next: InstallOffer | null): void {
  offer = next;
  for (const listener of listeners) listener();
}

/** Keeps the browser's offer until the user asks for it. Call it before the first paint. */
export function keepInstallOffer(): void {
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    change(event as InstallOffer);
  });
  window.addEventListener("appinstalled", () => change(null));
}

/** How to install the page as an app; null if the browser does not offer it. */
export function useInstall(): (() => Promise<void>) | null {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offer,
  );
  if (!current) return null;
  return async () => {
    await current.prompt();
    change(null);
  };
}

/** True if this is the installed app already. */
export function isInstalled(): boolean {
  return matchMedia("(display-mode: standalone)").matches;
}

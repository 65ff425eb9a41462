/// <reference lib="webworker" />
// Shows push notifications. It caches nothing: the page and the API always come from the server.
declare const self: ServiceWorkerGlobalScope;

/** What the server sends (`PUT /push/subscriptions` describes it). */
interface PushMessage {
  kind: string;
  conversation_id: string | null;
  title: string;
  body: string;
  tag: string;
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

function readMessage(data: PushMessageData | null): PushMessage | null {
  try {
    return data?.json() ?? null;
  } catch {
    return null;
  }
}

function pathOf(message: PushMessage): string {
  return message.conversation_id ? `/atendimentos/${message.conversation_id}` : "/atendimentos";
}

/** True if the user looks at the desk: then the page itself tells, once. */
async function isDeskVisible(): Promise<boolean> {
  const pages = await self.clients.matchAll({ type: "window" });
  return pages.some((page) => page.visibilityState === "visible" && page.focused);
}

async function show(message: PushMessage): Promise<void> {
  if (await isDeskVisible()) return;
  await self.registration.showNotification(message.title, {
    body: message.body,
    tag: message.tag,
    icon: "/icons/icon-192.png",
    badge: "/icons/icon-192.png",
    data: { path: pathOf(message) },
  });
}

self.addEventListener("push", (event) => {
  const message = readMessage(event.data);
  if (message) event.waitUntil(show(message));
});

/** Brings an open desk to the front and lets it open the conversation; else opens the desk. */
async function open(path: string): Promise<void> {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((each) => !/\/(entrar|convite|redefinir)/.test(each.url)) ?? pages[0];
  if (!page) {
    await self.clients.openWindow(path);
    return;
  }
  page.postMessage({ type: "open", path });
  await page.focus().catch(() => undefined);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path ?? "/atendimentos"));
});

// The browser has replaced the subscription. A page that is open renews it at the server; otherwise
// the next start of the desk does.
self.addEventListener("pushsubscriptionchange", (event) => {
  const renew = async () => {
    for (const page of await self.clients.matchAll({ type: "window" })) {
      page.postMessage({ type: "renew" });
    }
  };
  (event as ExtendableEvent).waitUntil(renew());
});

export {};

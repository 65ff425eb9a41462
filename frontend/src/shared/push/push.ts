import { api, unwrap } from "@/shared/api/client";
import { describeDevice } from "@/shared/format/device";

export type PushSupport = "supported" | "unsupported" | "needs_install";

/** Whether this browser can show push notifications; on an iPhone only the installed app can. */
export function pushSupport(): PushSupport {
  if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
    return "supported";
  }
  return /iPhone|iPad/.test(navigator.userAgent) ? "needs_install" : "unsupported";
}

/** Starts the service worker; only it can show push notifications. The dev server has none. */
export async function startServiceWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  await navigator.serviceWorker.register("/service-worker.js", { type: "module" }).catch(() => {});
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (each) => each.charCodeAt(0));
}

function sameKey(left: ArrayBuffer | null | undefined, right: Uint8Array): boolean {
  const bytes = new Uint8Array(left ?? new ArrayBuffer(0));
  return bytes.length === right.length && bytes.every((each, index) => each === right[index]);
}

async function subscribe(registration: ServiceWorkerRegistration): Promise<PushSubscription> {
  const key = bytesOf((await unwrap(api.GET("/push/public-key"))).public_key);
  const current = await registration.pushManager.getSubscription();
  if (current && sameKey(current.options.applicationServerKey, key)) return current;
  await current?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Sends the subscription of this browser to the server, again and again without harm. */
async function register(registration: ServiceWorkerRegistration): Promise<void> {
  const { endpoint, keys } = (await subscribe(registration)).toJSON();
  await api.PUT("/push/subscriptions", {
    body: {
      endpoint: endpoint ?? "",
      keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" },
      device: describeDevice(navigator.userAgent).name ?? "Navegador",
    },
  });
}

/** Asks for the permission and subscribes this browser. Call it from a click. */
export async function enablePush(): Promise<NotificationPermission> {
  const permission = await Notification.requestPermission();
  if (permission === "granted") await register(await navigator.serviceWorker.ready);
  return permission;
}

/** Renews the subscription of a browser that has one, for example after another user signed in. */
export async function renewPush(): Promise<void> {
  if (pushSupport() !== "supported" || Notification.permission !== "granted") return;
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  if (registration && subscription) await register(registration);
}

/** Ends the subscription of this browser. The server forgets it when it next tries to send. */
export async function disablePush(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

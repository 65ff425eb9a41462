import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { renewPush } from "@/shared/push/push";

type WorkerMessage = { type: "open"; path: string } | { type: "renew" };

/** Opens the conversation of a clicked push notification; renews a replaced subscription. */
export function useServiceWorkerMessages(): void {
  const navigate = useNavigate();
  useEffect(() => {
    const worker = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!worker) return;
    const hear = ({ data }: MessageEvent<WorkerMessage>) => {
      if (data.type === "renew") void renewPush().catch(() => undefined);
      if (data.type === "open" && data.path.startsWith("/atendimentos")) {
        void navigate({ href: data.path });
      }
    };
    worker.addEventListener("message", hear);
    worker.startMessages();
    return () => worker.removeEventListener("message", hear);
  }, [navigate]);
}

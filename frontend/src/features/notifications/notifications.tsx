import { useEffect } from "react";
import { useTotalUnread } from "@/shared/live";
import { setAttention } from "@/shared/navigation/attention";
import { renewPush, startServiceWorker } from "@/shared/push/push";
import { unlockSounds } from "@/shared/sounds/play";
import { showUnread } from "./unread-mark";
import { useNotices } from "./use-notices";
import { useServiceWorkerMessages } from "./use-service-worker-messages";

/** Tells the user what happens: in the page, by sound, in the title and on the icon. */
export function Notifications() {
  const unread = useTotalUnread();
  useNotices();
  useServiceWorkerMessages();
  useEffect(unlockSounds, []);
  useEffect(() => {
    void startServiceWorker()
      .then(renewPush)
      .catch(() => undefined);
  }, []);
  useEffect(() => {
    setAttention(unread);
    showUnread(unread);
  }, [unread]);
  useEffect(
    () => () => {
      setAttention(0);
      showUnread(0);
    },
    [],
  );
  return null;
}

import { Check, CheckCheck, CircleAlert, CircleHelp, Clock3 } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";

const MARKS = {
  queued: { icon: Clock3, color: "text-text-3" },
  uncertain: { icon: CircleHelp, color: "text-warn" },
  failed: { icon: CircleAlert, color: "text-danger" },
  sent: { icon: Check, color: "text-text-3" },
  delivered: { icon: CheckCheck, color: "text-text-3" },
  read: { icon: CheckCheck, color: "text-accent" },
  played: { icon: CheckCheck, color: "text-accent" },
} as const;

export type DeliveryStatus = keyof typeof MARKS;

export function isDeliveryStatus(value: string | null): value is DeliveryStatus {
  return value !== null && value in MARKS;
}

/** How far a message got, as WhatsApp shows it. */
export function DeliveryMark({ status }: { status: DeliveryStatus }) {
  const { t } = useTranslation("thread");
  const { icon: Icon, color } = MARKS[status];
  const label = t(`delivery.${status}`);
  return (
    <span className={color} title={label}>
      <Icon className="size-3.5" aria-label={label} role="img" />
    </span>
  );
}

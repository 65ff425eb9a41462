import { Bot, CircleCheck, Clock, Headset, MoonStar } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ConversationStatus } from "@/shared/live/frames.gen";
import { Chip } from "./chip";

const LOOKS = {
  pending: { tone: "ai", Icon: Bot },
  waiting: { tone: "warn", Icon: Clock },
  open: { tone: "accent", Icon: Headset },
  snoozed: { tone: "neutral", Icon: MoonStar },
  resolved: { tone: "ok", Icon: CircleCheck },
} as const;

export function StatusIcon({ status }: { status: ConversationStatus }) {
  const { Icon } = LOOKS[status];
  return <Icon aria-hidden />;
}

export function StatusPill({ status }: { status: ConversationStatus }) {
  const { t } = useTranslation();
  const { tone } = LOOKS[status];
  return (
    <Chip tone={tone} icon={<StatusIcon status={status} />}>
      {t(`status.${status}`)}
    </Chip>
  );
}

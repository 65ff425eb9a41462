import { AlarmClockOff, Hourglass, TriangleAlert } from "lucide-react";
import { formatDuration } from "@/shared/format/durations";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type Conversation, useNow } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";

type Sla = NonNullable<Conversation["sla"]>;
type SlaState = "running" | "warned" | "breached";

/** What has become of a promise by now. */
export function slaState(sla: Pick<Sla, "warn_at" | "due_at">, now: number): SlaState {
  if (Date.parse(sla.due_at) <= now) return "breached";
  return Date.parse(sla.warn_at) <= now ? "warned" : "running";
}

const ICONS = { running: Hourglass, warned: TriangleAlert, breached: AlarmClockOff };

/** The promise that is due next: "SLA 12 min". Its state has an icon and words, not only a colour. */
export function SlaChip({ sla }: { sla: Conversation["sla"] | undefined }) {
  return sla ? <Chip sla={sla} /> : null;
}

function Chip({ sla }: { sla: Sla }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(1000);
  const state = slaState(sla, now);
  const Icon = ICONS[state];
  // Less than a second would be told in milliseconds.
  const time = formatDuration(Math.max(1000, Math.abs(Date.parse(sla.due_at) - now)));
  const title = t("sla.title", {
    target: t(`sla.targets.${sla.target}`),
    until: format.dateTime(sla.due_at),
    policy: sla.policy,
  });
  return (
    <span
      data-sla={state}
      title={title}
      className={cn(
        "inline-flex shrink-0 items-center gap-1 text-badge text-text-2 tabular-nums [&_svg]:size-3 [&_svg]:shrink-0",
        state === "warned" && "font-medium text-warn",
        state === "breached" && "font-medium text-danger",
      )}
    >
      <Icon aria-hidden />
      {t(`sla.${state}`, { time })}
    </span>
  );
}

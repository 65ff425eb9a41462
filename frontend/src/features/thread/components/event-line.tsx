import { useTeamName } from "@/shared/api/colleagues";
import { ratingEmoji } from "@/shared/format/ratings";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation, EventRow } from "@/shared/live";
import { useThreadContext } from "../model/thread-context";

const LINE =
  "mx-auto w-fit max-w-[85%] rounded-full bg-hover px-3 py-0.5 text-center text-meta text-text-2";

/** The actor of what nobody ordered, such as the return to the queue of an agent who left. */
const PRODUCT = "product";

function value(details: Record<string, unknown>, name: string): string {
  const found = details[name];
  return typeof found === "string" ? found : "";
}

/** What happened to the conversation: "Ana assumiu o atendimento · 14:02". */
export function EventLine({ row }: { row: EventRow }) {
  const { t } = useTranslation("thread");
  const format = useFormat();
  const { nameOf, userId } = useThreadContext();
  const team = useTeamName(value(row.details, "team") || null) ?? "";
  const nameFor = (id: string) => (id === userId ? t("authors.me") : nameOf(id));
  const until = value(row.details, "until") || value(row.details, "due_at");
  const target = value(row.details, "target");
  const agent = value(row.details, "agent");
  const score = typeof row.details.score === "number" ? row.details.score : null;
  const values = {
    score: score === null ? t("no_score") : t("score", { score, emoji: ratingEmoji(score) }),
    who: row.who && row.who !== PRODUCT ? nameFor(row.who) : t("authors.system"),
    agent: agent ? nameFor(agent) : "",
    team,
    priority: t(`shared:priority.${value(row.details, "priority") || "normal"}`),
    labels: Array.isArray(row.details.labels) ? row.details.labels.join(", ") : "",
    until: until ? format.dateTime(until) : "",
    target: target ? t(`shared:sla.targets.${target}`) : "",
  };
  // A conversation given to somebody reads differently from one that somebody took.
  const isByOther = agent !== "" && row.who !== null && agent !== row.who;
  const keys = [
    `events.${row.event}${isByOther ? "_by" : ""}`,
    `events.${row.event}`,
    "events.other",
  ];
  return (
    <p className={LINE} data-event={row.event}>
      {t(keys, values)} · <time dateTime={row.at}>{format.time(row.at)}</time>
    </p>
  );
}

/** Where a conversation of the person begins. */
export function VisitLine({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation("thread");
  const format = useFormat();
  return (
    <div className="flex items-center gap-3 px-4 py-1 text-meta text-text-3">
      <span className="h-px flex-1 bg-divider" />
      <span>
        {t("visit", {
          protocol: conversation.protocol,
          date: format.dateTime(conversation.opened_at),
        })}
        {conversation.resolved_at && ` · ${t("shared:status.resolved")}`}
      </span>
      <span className="h-px flex-1 bg-divider" />
    </div>
  );
}

export function DayLine({ day, now }: { day: string; now: number }) {
  const format = useFormat();
  return (
    <h3 className="mx-auto w-fit rounded-full bg-hover px-3 py-0.5 font-medium text-meta text-text-2">
      {format.day(`${day}T12:00:00`, now)}
    </h3>
  );
}

export function UnreadLine() {
  const { t } = useTranslation("thread");
  return (
    <div className="flex items-center gap-3 px-4 font-medium text-danger text-meta">
      <span className="h-px flex-1 bg-danger" />
      {t("unread")}
      <span className="h-px flex-1 bg-danger" />
    </div>
  );
}

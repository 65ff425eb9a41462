import { useColleagues, useTeamName } from "@/shared/api/colleagues";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { HistoryEvent } from "../queries";

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** What happened, in one sentence: "#12 · 14:02 · Ana assumiu o atendimento". */
export function EventSentence({ event }: { event: HistoryEvent }) {
  const { t } = useTranslation("history");
  const format = useFormat();
  const colleagues = useColleagues();
  const team = useTeamName(text(event.details.team) || null) ?? "";
  const agentId = text(event.details.agent);
  const until = text(event.details.until) || text(event.details.due_at);
  const labels = Array.isArray(event.details.labels) ? event.details.labels : [];
  const values = {
    ...event.details,
    who: event.actor.name ?? t(`actors.${event.actor.kind}`),
    team,
    agent: colleagues.find((each) => each.id === agentId)?.name ?? "",
    until: until ? format.dateTime(until) : "",
    labels: labels.join(", "),
    code: text(event.details.code) || text(event.details.reason),
    priority: t(`shared:priority.${text(event.details.priority) || "normal"}`),
  };
  // Commands without a name in the texts say nothing to agents.
  const cause = event.cause && t(`commands.${event.cause.command}`, { defaultValue: "" });
  const sentence = t([`events.${event.summary}`, "events.other"], values);
  const saysMore = cause && cause.toLowerCase() !== sentence.toLowerCase();
  return (
    <p aria-live="polite" className="text-body">
      <time dateTime={event.at} className="text-text-3 tabular-nums">
        {format.dateTime(event.at)}
      </time>{" "}
      · <span className="font-medium">{sentence}</span>
      {saysMore && (
        <span className="ml-2 text-meta text-text-3">{t("cause", { command: cause })}</span>
      )}
    </p>
  );
}

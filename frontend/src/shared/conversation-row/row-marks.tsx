import { Ban, MoonStar } from "lucide-react";
import { useColleague, useTeamName } from "@/shared/api/colleagues";
import { useCurrentUser } from "@/shared/api/session";
import { firstName } from "@/shared/format/names";
import { ratingEmoji } from "@/shared/format/ratings";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type Conversation, useNow } from "@/shared/live";
import { LabelChips } from "@/shared/ui/display/chip";
import { StatusIcon } from "@/shared/ui/display/status-pill";
import { SlaChip } from "./sla-chip";

function Mark({ children, className = "" }: { children: React.ReactNode; className?: string }) {
  return (
    <span
      className={`inline-flex min-w-0 items-center gap-1 [&_svg]:size-3 [&_svg]:shrink-0 ${className}`}
    >
      {children}
    </span>
  );
}

function SnoozedMark({ until }: { until: string }) {
  const { t } = useTranslation();
  const time = useFormat().until(until, useNow(60_000));
  return (
    <Mark>
      <MoonStar aria-hidden />
      <span className="truncate">{t("rows.snoozed", { time })}</span>
    </Mark>
  );
}

/** Who has the conversation: the assistant, a colleague, or a team's queue. */
function Holder({ row }: { row: Conversation }) {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const colleague = useColleague(row.agent);
  const team = useTeamName(row.team);
  if (row.status === "snoozed" && row.snoozed_until)
    return <SnoozedMark until={row.snoozed_until} />;
  const isColleagues = row.agent !== null && row.agent !== user.id;
  const name =
    row.status === "pending"
      ? t("rows.assistant")
      : isColleagues
        ? firstName(colleague?.name ?? t("rows.colleague"))
        : team;
  if (!name) return null;
  return (
    <Mark className={row.status === "pending" ? "text-ai" : ""}>
      <StatusIcon status={row.status} />
      <span className="sr-only">{t(`status.${row.status}`)}: </span>
      <span className="max-w-28 truncate">{name}</span>
    </Mark>
  );
}

function RatingMark({ row }: { row: Conversation }) {
  const { t } = useTranslation();
  if (row.rating_score === null) return null;
  const words = t("rows.rating", { score: row.rating_score });
  return (
    <span role="img" aria-label={words} title={words} className="shrink-0">
      {ratingEmoji(row.rating_score)}
    </span>
  );
}

/** The third line of a row. */
export function RowMarks({ row }: { row: Conversation }) {
  const { t } = useTranslation();
  return (
    <span className="flex h-4 min-w-0 items-center gap-1.5 overflow-hidden text-badge text-text-3">
      <SlaChip sla={row.sla} />
      <Holder row={row} />
      {row.contact_blocked && (
        <Mark className="text-danger">
          <Ban aria-hidden />
          {t("rows.blocked")}
        </Mark>
      )}
      <RatingMark row={row} />
      <LabelChips labels={row.labels} />
    </span>
  );
}

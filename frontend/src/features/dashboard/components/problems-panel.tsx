import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BellRing, CircleCheck, TriangleAlert } from "lucide-react";
import { type Alert, lastingAlertsQuery, useAlertRefresh } from "@/shared/alerts/queries";
import { may, useCurrentUser } from "@/shared/api/session";
import { formatClock } from "@/shared/format/durations";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { formatSpan } from "@/shared/metrics/metric-value";
import { cn } from "@/shared/ui/class-names";
import type { BoardNow } from "../model/board-query";
import { findProblems, type Problem } from "../model/problems";
import { useServerNow } from "../model/use-server-now";

interface ProblemsPanelProps {
  board: BoardNow;
  receivedAt: number;
  isWall: boolean;
}

/** What goes wrong now, and what to do about it. */
export function ProblemsPanel({ board, receivedAt, isWall }: ProblemsPanelProps) {
  const { t } = useTranslation("dashboard");
  const now = useServerNow(board.until, receivedAt);
  const { oldest_since } = board.waiting;
  const waitedS = oldest_since === null ? null : (now - Date.parse(oldest_since)) / 1000;
  const problems = findProblems(board, now, waitedS);
  const { alerts, mayRead } = useLastingAlerts();
  return (
    <section
      aria-label={t("problems.title")}
      className={cn(
        "rounded-bubble border border-divider bg-page p-4",
        isWall && "text-[18px] leading-6 [&_svg]:size-5",
      )}
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 pb-2">
        <h2 className={cn("font-semibold", !isWall && "text-body")}>{t("problems.title")}</h2>
        {mayRead && !isWall && (
          <Link to="/alertas" className="text-link text-list hover:underline">
            {t("problems.rules")}
          </Link>
        )}
      </div>
      {problems.length + alerts.length === 0 ? (
        <p className="flex items-center gap-2 text-ok">
          <CircleCheck aria-hidden className="size-4 shrink-0" />
          {t("problems.none")}
        </p>
      ) : (
        <ul className="flex flex-col gap-2">
          {alerts.map((alert) => (
            <AlertLine key={alert.id} alert={alert} />
          ))}
          {problems.map((problem) => (
            <li key={problem.key} className="flex items-start gap-2 text-text">
              <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
              <ProblemText problem={problem} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The alerts that last, for those who may know of them. */
function useLastingAlerts() {
  const mayRead = may(useCurrentUser(), "settings:read");
  const { data } = useQuery({ ...lastingAlertsQuery, enabled: mayRead });
  useAlertRefresh();
  return { alerts: data ?? [], mayRead };
}

function AlertLine({ alert }: { alert: Alert }) {
  const { t } = useTranslation("dashboard");
  const format = useFormat();
  return (
    <li className="flex items-start gap-2 text-text">
      <BellRing aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <span className="min-w-0 break-words">
        {t("problems.alert", { name: alert.name, time: format.dateTime(alert.started_at) })}
      </span>
    </li>
  );
}

function ProblemText({ problem }: { problem: Problem }) {
  const { t, language } = useTranslation("dashboard");
  const format = useFormat();
  switch (problem.kind) {
    case "disconnected":
      return t("problems.disconnected", {
        name: problem.channel.name,
        time: format.dateTime(problem.channel.since),
      });
    case "held":
      return t("problems.held", {
        name: problem.channel.name,
        time: format.time(problem.channel.held_until ?? problem.channel.since),
      });
    case "nobody":
      return t("problems.nobody", { count: problem.count });
    case "long_wait":
      return t("problems.long_wait", { time: formatClock(problem.seconds * 1000) });
    case "lag":
      return t("problems.lag", { time: formatSpan(problem.seconds, language) });
  }
}

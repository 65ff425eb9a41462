import { useInfiniteQuery } from "@tanstack/react-query";
import { BellRing, CircleCheck, History } from "lucide-react";
import { type Alert, alertsQuery } from "@/shared/alerts/queries";
import { useTeamName } from "@/shared/api/colleagues";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { formatSpan } from "@/shared/metrics/metric-value";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/class-names";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { AlertSection } from "./alert-section";
import { useAlertTexts } from "./use-alert-texts";

/** All alerts, latest first, with who was told. */
export function AlertHistory() {
  const { t } = useTranslation("alerts");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery(alertsQuery);
  const alerts = data?.pages.flatMap((page) => page.items);
  return (
    <AlertSection title={t("history.title")}>
      {error && !data && (
        <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
      )}
      {!alerts && !error && <SkeletonRows count={3} height={56} label={t("loading")} />}
      {alerts?.length === 0 && (
        <EmptyState icon={<History />} title={t("history.none")}>
          {t("history.none_text")}
        </EmptyState>
      )}
      {alerts && alerts.length > 0 && (
        <ul className="divide-y divide-divider">
          {alerts.map((alert) => (
            <AlertRow key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Button className="mt-2" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t("history.more")}
        </Button>
      )}
    </AlertSection>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  const { t, language } = useTranslation("alerts");
  const format = useFormat();
  const texts = useAlertTexts();
  const team = useTeamName(alert.team);
  const isLasting = alert.ended_at === null;
  const Icon = isLasting ? BellRing : CircleCheck;
  const began = format.dateTime(alert.started_at);
  const seconds =
    alert.ended_at === null
      ? 0
      : (Date.parse(alert.ended_at) - Date.parse(alert.started_at)) / 1000;
  return (
    <li className="flex items-start gap-3 py-3">
      <Icon
        aria-hidden
        className={cn("mt-0.5 size-4 shrink-0", isLasting ? "text-danger" : "text-text-3")}
      />
      <div className="flex min-w-0 flex-1 flex-col gap-0.5">
        <p className="break-words font-medium">
          {alert.name}
          {team && <span className="font-normal text-text-2">{` · ${team}`}</span>}
        </p>
        <p className="text-list text-text-2">
          {isLasting
            ? t("history.lasting", { time: began })
            : t("history.ended", { time: began, span: formatSpan(seconds, language) })}
          {` · ${t("history.worst", { value: texts.value(alert.kind, alert.worst) })}`}
        </p>
        <Notices alert={alert} />
      </div>
    </li>
  );
}

/** Who was told of the beginning and the end, and whether it arrived. */
function Notices({ alert }: { alert: Alert }) {
  const { t } = useTranslation("alerts");
  const format = useFormat();
  if (alert.notices.length === 0) return null;
  return (
    <ul className="text-meta text-text-3">
      {alert.notices.map((notice) => (
        <li
          key={`${notice.change}-${notice.way}-${notice.recipient}`}
          className={cn("break-words", notice.status === "failed" && "text-danger")}
        >
          {t(`notices.${notice.change}`)} · {notice.recipient} ·{" "}
          {t(`notices.status.${notice.status}`, {
            time: format.dateTime(notice.settled_at ?? notice.due_at),
          })}
          {notice.status === "failed" && notice.code && ` (${notice.code})`}
        </li>
      ))}
    </ul>
  );
}

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { Sheet } from "@/shared/ui/overlay/sheet";
import { type Behind, behindQuery, type FollowUpRow, type Period } from "../queries";

interface BehindSheetProps {
  period: Period;
  behind: Behind;
  onClose: () => void;
}

/** The conversations behind a figure, beside the page. */
export function BehindSheet({ period, behind, onClose }: BehindSheetProps) {
  const { t } = useTranslation("follow-ups");
  return (
    <Sheet
      open
      title={behind.reason ? t(`reasons.${behind.reason}`) : t(`steps.${behind.step}`)}
      className="w-[min(420px,100vw)]"
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Conversations period={period} behind={behind} />
    </Sheet>
  );
}

function Conversations({ period, behind }: { period: Period; behind: Behind }) {
  const { t } = useTranslation("follow-ups");
  const query = useInfiniteQuery(behindQuery(period, behind));
  const { data, error, refetch } = query;
  if (error && !data) {
    return <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows count={8} height={64} label={t("loading")} />;
  const rows = data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <EmptyState icon={<SearchX />} title={t("behind.none")}>
        {t("behind.none_hint")}
      </EmptyState>
    );
  }
  return (
    <>
      <ul>
        {rows.map((row) => (
          <li key={row.conversation_id} className="border-divider border-b">
            <BehindLink row={row} />
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="flex justify-center p-3">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("behind.more")}
          </Button>
        </div>
      )}
    </>
  );
}

function BehindLink({ row }: { row: FollowUpRow }) {
  const { t } = useTranslation("follow-ups");
  const format = useFormat();
  const ending = row.reason ? t(`reasons.${row.reason}`) : t(`statuses.${row.status}`);
  const plan = row.plan || t(`interests.${row.interest}`);
  const value = row.plan_value === null ? null : format.money(row.plan_value);
  return (
    <Link
      to="/atendimentos/$id"
      params={{ id: row.conversation_id }}
      className="focus-inset flex min-h-16 flex-col justify-center gap-1 px-4 py-2 hover:bg-hover"
    >
      <span className="flex items-center gap-2">
        <bdi className="min-w-0 flex-1 truncate font-medium text-list text-text">
          {row.contact || t("shared:ui.no_name")}
        </bdi>
        <span className="shrink-0 text-meta text-text-2">{ending}</span>
      </span>
      <span className="flex gap-2 text-meta text-text-3 tabular-nums">
        <span className="min-w-0 flex-1 truncate">
          {[plan, value, t("behind.attempts", { count: row.attempts })].filter(Boolean).join(" · ")}
        </span>
        <time dateTime={row.interested_at} className="shrink-0">
          {format.dateTime(row.interested_at)}
        </time>
      </span>
    </Link>
  );
}

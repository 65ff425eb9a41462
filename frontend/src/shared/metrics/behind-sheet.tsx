import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Download, FileSpreadsheet, SearchX, X } from "lucide-react";
import { useColleague, useTeamName } from "../api/colleagues";
import { useConversationExport } from "../exports/use-conversation-export";
import { formatPhone } from "../format/phone";
import { useFormat } from "../format/use-format";
import { useTranslation } from "../i18n/use-translation";
import { Button } from "../ui/button";
import { StatusPill } from "../ui/display/status-pill";
import { SkeletonRows } from "../ui/feedback/skeleton";
import { EmptyState, ErrorState } from "../ui/feedback/states";
import { Sheet } from "../ui/overlay/sheet";
import { type BehindRequest, type BehindRow, behindQuery } from "./report-queries";

const ROW_HEIGHT = 64;

interface BehindSheetProps {
  title: string;
  request: BehindRequest;
  onClose: () => void;
}

/** The conversations behind a value, beside the page. */
export function BehindSheet({ title, request, onClose }: BehindSheetProps) {
  return (
    <Sheet
      open
      title={title}
      className="w-[min(420px,100vw)]"
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Conversations request={request} />
    </Sheet>
  );
}

function Conversations({ request }: { request: BehindRequest }) {
  const { t } = useTranslation("metrics");
  const query = useInfiniteQuery(behindQuery(request));
  const { data, error, refetch } = query;
  if (error && !data) {
    return <ErrorState error={error} title={t("behind.failed")} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows count={8} height={ROW_HEIGHT} label={t("shared:ui.loading")} />;
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
          <li key={row.id} className="border-divider border-b">
            <BehindLink row={row} />
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap justify-center gap-2 p-3">
        <DownloadConversations request={request} />
        {query.hasNextPage && (
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("behind.more")}
          </Button>
        )}
      </div>
    </>
  );
}

/** All of them as a file, also those that are not shown yet. */
function DownloadConversations({ request }: { request: BehindRequest }) {
  const { t } = useTranslation("metrics");
  const format = useFormat();
  const { download, startCsv, requestWorkbook } = useConversationExport(request);
  if (download.received !== null) {
    return (
      <Button variant="quiet" onClick={download.cancel}>
        <X aria-hidden className="size-4" />
        {t("download.cancel", { size: format.fileSize(download.received) })}
      </Button>
    );
  }
  return (
    <>
      <Button variant="quiet" onClick={startCsv}>
        <Download aria-hidden className="size-4" />
        {t("behind.download")}
      </Button>
      <Button variant="quiet" onClick={requestWorkbook}>
        <FileSpreadsheet aria-hidden className="size-4" />
        {t("behind.download_xlsx")}
      </Button>
    </>
  );
}

function BehindLink({ row }: { row: BehindRow }) {
  const { t } = useTranslation("metrics");
  const format = useFormat();
  const agent = useColleague(row.agent);
  const team = useTeamName(row.team);
  const name = row.contact || (row.phone ? formatPhone(row.phone) : t("shared:ui.no_name"));
  return (
    <Link
      to="/atendimentos/$id"
      params={{ id: row.id }}
      className="focus-inset flex flex-col justify-center gap-1 px-4 py-2 hover:bg-hover"
      style={{ minHeight: ROW_HEIGHT }}
    >
      <span className="flex items-center gap-2">
        <bdi className="min-w-0 flex-1 truncate font-medium text-list text-text">{name}</bdi>
        <StatusPill status={row.status} />
      </span>
      <span className="flex gap-2 text-meta text-text-3 tabular-nums">
        <span className="min-w-0 flex-1 truncate">
          {[agent?.name ?? team, row.protocol].filter(Boolean).join(" · ")}
        </span>
        <time dateTime={row.opened_at} className="shrink-0">
          {format.dateTime(row.opened_at)}
        </time>
      </span>
    </Link>
  );
}

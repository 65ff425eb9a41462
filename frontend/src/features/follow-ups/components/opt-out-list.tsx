import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, Undo2 } from "lucide-react";
import { useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import { may, useCurrentUser } from "@/shared/api/session";
import { ChartCard } from "@/shared/charts/chart-card";
import { formatPhone } from "@/shared/format/phone";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useDownload } from "@/shared/metrics/download";
import { Button } from "@/shared/ui/button";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { type OptOut, optOutsQuery, requestOptOutFile, useUndoOptOut } from "../queries";

/** Contacts who get no message that the provider begins. Administrators can undo it. */
export function OptOutList() {
  const { t } = useTranslation("follow-ups");
  const user = useCurrentUser();
  const query = useInfiniteQuery(optOutsQuery);
  const [undone, setUndone] = useState<OptOut | null>(null);
  const download = useDownload();
  const rows = query.data?.pages.flatMap((page) => page.items);
  return (
    <ChartCard
      title={t("opt_outs.title")}
      actions={
        may(user, "contacts:export") &&
        rows &&
        rows.length > 0 && (
          <Button
            size="small"
            variant="quiet"
            disabled={download.received !== null}
            onClick={() => download.start("opt-outs.csv", requestOptOutFile)}
          >
            <Download aria-hidden className="size-4" />
            {t("opt_outs.export")}
          </Button>
        )
      }
      chart={
        <>
          <p className="text-list text-text-2">{t("opt_outs.hint")}</p>
          {query.error && !rows && (
            <ErrorState
              error={query.error}
              title={t("failed")}
              onRetry={() => void query.refetch()}
            />
          )}
          {!rows && !query.error && <SkeletonRows count={3} height={48} label={t("loading")} />}
          {rows?.length === 0 && <p className="text-list text-text-3">{t("opt_outs.none")}</p>}
          {rows && rows.length > 0 && (
            <ul className="divide-y divide-divider">
              {rows.map((row) => (
                <OptOutRow
                  key={row.contact_id}
                  row={row}
                  onUndo={may(user, "settings:write") ? () => setUndone(row) : undefined}
                />
              ))}
            </ul>
          )}
          {query.hasNextPage && (
            <Button
              className="self-start"
              disabled={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              {t("behind.more")}
            </Button>
          )}
          {undone && <UndoDialog row={undone} onClose={() => setUndone(null)} />}
        </>
      }
    />
  );
}

function useName(row: OptOut): string {
  const { t } = useTranslation("follow-ups");
  return row.name || (row.phone ? formatPhone(row.phone) : t("shared:ui.no_name"));
}

function OptOutRow({ row, onUndo }: { row: OptOut; onUndo: (() => void) | undefined }) {
  const { t } = useTranslation("follow-ups");
  const format = useFormat();
  const name = useName(row);
  const by = row.by_customer
    ? t(`opt_outs.reasons.${row.reason}`)
    : t("opt_outs.by", { name: row.by_name ?? t("opt_outs.somebody") });
  return (
    <li className="flex items-center gap-3 py-2">
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium text-list">
          <bdi>{name}</bdi>
        </p>
        <p className="text-meta text-text-3">
          {by} · <time dateTime={row.opted_out_at}>{format.dateTime(row.opted_out_at)}</time>
        </p>
      </div>
      {onUndo && (
        <IconButton size="small" label={t("opt_outs.undo", { name })} onClick={onUndo}>
          <Undo2 />
        </IconButton>
      )}
    </li>
  );
}

function UndoDialog({ row, onClose }: { row: OptOut; onClose: () => void }) {
  const { t } = useTranslation("follow-ups");
  const undo = useUndoOptOut();
  const name = useName(row);
  return (
    <ConfirmDialog
      open
      title={t("opt_outs.undo_title", { name })}
      description={t("opt_outs.undo_text")}
      confirmLabel={t("opt_outs.undo_confirm")}
      busy={undo.isPending}
      onOpenChange={(open) => !open && onClose()}
      onConfirm={() =>
        undo.mutate(row.contact_id, {
          onSuccess: onClose,
          onError: (error) =>
            toast.error(t("opt_outs.undo_failed"), { description: describeError(error, t) }),
        })
      }
    />
  );
}

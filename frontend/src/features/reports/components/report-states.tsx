import { ChartColumn } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Freshness } from "@/shared/metrics/freshness";
import type { ReportRow } from "@/shared/metrics/report-queries";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/class-names";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import type { ReportView } from "../model/report-view";
import type { LoadedReport, useReport } from "../model/use-report";
import { ReportSkeleton } from "./report-skeleton";

interface ReportBodyProps {
  state: ReturnType<typeof useReport>;
  view: ReportView;
  onChange: (view: ReportView) => void;
  /** Part of a tab whose first report says how fresh it is. */
  isPart?: boolean;
  /** The metric whose 0, also in the period before, means that there is nothing to show. */
  emptyIfNone?: string;
  children: (loaded: LoadedReport) => ReactNode;
}

/** A report once it is there; before, its skeleton; else what is wrong. */
export function ReportBody(props: ReportBodyProps) {
  const { state, view, onChange, isPart = false, emptyIfNone, children } = props;
  const { t } = useTranslation("reports");
  const { loaded, error, retry } = state;
  if (error) return <ErrorState error={error} title={t("failed")} onRetry={retry} />;
  if (!loaded) return <ReportSkeleton />;
  const { rows } = loaded.report;
  if (rows.every((row) => emptyIfNone !== undefined && isNone(row, emptyIfNone))) {
    return <NothingThere view={view} onChange={onChange} />;
  }
  const { as_of, lag_s, timezone } = loaded.report;
  return (
    <div
      aria-busy={loaded.isOld}
      className={cn("flex flex-col gap-4", loaded.isOld && "opacity-60")}
    >
      {!isPart && <Freshness asOf={as_of} lagS={lag_s} timezone={timezone} className="-my-3" />}
      {children(loaded)}
    </div>
  );
}

function isNone({ values, compared }: ReportRow, metric: string): boolean {
  return !values[metric] && !compared?.[metric];
}

function NothingThere({ view, onChange }: Pick<ReportBodyProps, "view" | "onChange">) {
  const { t } = useTranslation("reports");
  const isFiltered = Object.keys(view.filters).length > 0;
  return (
    <EmptyState
      icon={<ChartColumn />}
      title={t("nothing.title")}
      action={
        <Button
          onClick={() =>
            onChange(
              isFiltered ? { ...view, filters: {} } : { ...view, preset: "30d", custom: null },
            )
          }
        >
          {t(isFiltered ? "filters.clear" : "nothing.longer")}
        </Button>
      }
    >
      {t(isFiltered ? "nothing.filtered" : "nothing.text")}
    </EmptyState>
  );
}

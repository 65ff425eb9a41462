import { useQuery } from "@tanstack/react-query";
import { ExportsDialog } from "@/shared/exports/exports-dialog";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useNow } from "@/shared/live";
import type { ReportSearch } from "@/shared/navigation/report-search";
import { Tabs } from "@/shared/ui/display/tabs";
import { ErrorState } from "@/shared/ui/feedback/states";
import { dayIn, rangeOf } from "../model/period";
import { type ReportView, searchOf, TABS, viewOf } from "../model/report-view";
import type { ReportBase } from "../model/use-report";
import { timezoneQuery } from "../queries";
import { ReportSkeleton } from "./report-skeleton";
import { ReportToolbar } from "./report-toolbar";
import { TabContent } from "./tab-content";

export interface ReportsProps {
  search: ReportSearch;
  onSearchChange: (search: ReportSearch) => void;
}

/** What happened, by period and from many sides. The address has all that is chosen. */
export function Reports({ search, onSearchChange }: ReportsProps) {
  const { t } = useTranslation("reports");
  const view = viewOf(search);
  const change = (next: ReportView) => onSearchChange(searchOf(next));
  const { data: timezone, error, refetch } = useQuery(timezoneQuery);
  const closeExports = () => onSearchChange({ ...search, exportacoes: undefined });
  return (
    <Tabs
      label={t("title")}
      tabs={TABS.map((value) => ({ value, label: t(`tabs.${value}`) }))}
      value={view.tab}
      onChange={(tab) => change({ ...view, tab, metric: null, groupBy: null })}
      className="min-h-0 flex-1"
    >
      <div className="min-h-0 flex-1 overflow-y-auto bg-panel">
        <div className="mx-auto flex w-full max-w-[1600px] flex-col gap-4 p-4 md:p-6">
          {timezone && <Shown view={view} timezone={timezone} onChange={change} />}
          {error && !timezone && (
            <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
          )}
          {!timezone && !error && <ReportSkeleton />}
        </div>
      </div>
      {search.exportacoes === "abertas" && <ExportsDialog onClose={closeExports} />}
    </Tabs>
  );
}

interface ShownProps {
  view: ReportView;
  timezone: string;
  onChange: (view: ReportView) => void;
}

function Shown({ view, timezone, onChange }: ShownProps) {
  const today = dayIn(timezone, useNow(60_000));
  const base: ReportBase = {
    range: rangeOf(view.preset, today, view.custom),
    filters: view.filters,
    compare: view.compare,
    businessHours: view.businessHours,
    today,
    timezone,
  };
  return (
    <>
      <ReportToolbar view={view} base={base} onChange={onChange} />
      <TabContent key={view.tab} view={view} base={base} onChange={onChange} />
    </>
  );
}

import { GROUPED_TABS, TABLES_OF_TABS } from "../model/report-tabs";
import type { ReportView } from "../model/report-view";
import type { ReportBase } from "../model/use-report";
import { AssistantTab } from "./assistant-tab";
import { GroupedTabView } from "./grouped-tab";
import { HeatTab } from "./heat-tab";
import { OverviewTab } from "./overview-tab";
import { RatingsTab } from "./ratings-tab";
import { TablesTab } from "./tables-tab";

export interface TabProps {
  view: ReportView;
  base: ReportBase;
  onChange: (view: ReportView) => void;
}

export function TabContent(props: TabProps) {
  const grouped = GROUPED_TABS[props.view.tab];
  if (grouped) return <GroupedTabView {...props} tab={grouped} />;
  const tables = TABLES_OF_TABS[props.view.tab];
  if (tables) return <TablesTab {...props} tables={tables} />;
  switch (props.view.tab) {
    case "ia":
      return <AssistantTab {...props} />;
    case "avaliacoes":
      return <RatingsTab {...props} />;
    case "horarios":
      return <HeatTab {...props} />;
    default:
      return <OverviewTab {...props} />;
  }
}

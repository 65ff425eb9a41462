import { useTranslation } from "@/shared/i18n/use-translation";
import { Select } from "@/shared/ui/form/select";
import type { GroupedTab } from "../model/report-tabs";
import { GroupedTabView } from "./grouped-tab";
import type { TabProps } from "./tab-content";

/** One of several tables, such as promises by policy, target, team, agent or label. */
export function TablesTab({ tables, ...props }: TabProps & { tables: readonly GroupedTab[] }) {
  const { t } = useTranslation("reports");
  const { view, onChange } = props;
  const table = tables.find((each) => each.groupBy === view.groupBy) ?? tables[0];
  if (!table) return null;
  return (
    <>
      <div className="w-fit min-w-40">
        <Select
          aria-label={t("group_by")}
          value={table.groupBy}
          onChange={(groupBy) => onChange({ ...view, groupBy })}
          options={tables.map(({ groupBy }) => ({
            value: groupBy,
            label: t(`headings.${groupBy}`),
          }))}
        />
      </div>
      <GroupedTabView key={table.groupBy} {...props} tab={table} />
    </>
  );
}

import { useTranslation } from "@/shared/i18n/use-translation";
import { Select } from "@/shared/ui/form/select";
import { SLA_TABLES } from "../model/report-tabs";
import { GroupedTabView } from "./grouped-tab";
import type { TabProps } from "./tab-content";

const [FIRST] = SLA_TABLES;

/** Promises of SLA policies that were kept and missed, by policy, target, team, agent or label. */
export function SlaTab(props: TabProps) {
  const { t } = useTranslation("reports");
  const { view, onChange } = props;
  const table = SLA_TABLES.find((each) => each.groupBy === view.groupBy) ?? FIRST;
  if (!table) return null;
  return (
    <>
      <div className="w-fit min-w-40">
        <Select
          aria-label={t("sla.group_by")}
          value={table.groupBy}
          onChange={(groupBy) => onChange({ ...view, groupBy })}
          options={SLA_TABLES.map(({ groupBy }) => ({
            value: groupBy,
            label: t(`headings.${groupBy}`),
          }))}
        />
      </div>
      <GroupedTabView key={table.groupBy} {...props} tab={table} />
    </>
  );
}

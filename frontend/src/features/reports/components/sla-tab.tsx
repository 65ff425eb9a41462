import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Select } from "@/shared/ui/form/select";
import { SLA_TABLES } from "../model/report-tabs";
import { GroupedTabView } from "./grouped-tab";
import type { TabProps } from "./tab-content";

const [FIRST] = SLA_TABLES;

/** Promises of SLA policies that were kept and missed, by policy, target, team, agent or label. */
export function SlaTab(props: TabProps) {
  const { t } = useTranslation("reports");
  const [chosen, choose] = useState<string>("sla_policy");
  const table = SLA_TABLES.find((each) => each.groupBy === chosen) ?? FIRST;
  return (
    <>
      <div className="w-fit min-w-40">
        <Select
          aria-label={t("sla.group_by")}
          value={chosen}
          onChange={choose}
          options={SLA_TABLES.map(({ groupBy }) => ({
            value: groupBy,
            label: t(`headings.${groupBy}`),
          }))}
        />
      </div>
      {table && <GroupedTabView key={chosen} {...props} tab={table} />}
    </>
  );
}

import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "../ui/button";

interface ChartCardProps {
  title: ReactNode;
  /** Controls beside the title. */
  actions?: ReactNode;
  chart: ReactNode;
  /** The same values as a table; left out where the chart is a table or a list itself. */
  table?: ReactNode;
}

/** A chart with its title, and the same values as a table for those who prefer it. */
export function ChartCard({ title, actions, chart, table }: ChartCardProps) {
  const { t } = useTranslation("charts");
  const [isTable, setTable] = useState(false);
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex min-w-0 flex-col gap-3 rounded-bubble border border-divider bg-page p-4"
    >
      <header className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
        <h2
          id={id}
          className="flex min-w-[min(100%,14rem)] flex-1 items-center font-semibold text-body"
        >
          {title}
        </h2>
        {actions}
        {table && (
          <Button size="small" variant="quiet" onClick={() => setTable(!isTable)}>
            {t(isTable ? "as_chart" : "as_table")}
          </Button>
        )}
      </header>
      {isTable ? table : chart}
    </section>
  );
}

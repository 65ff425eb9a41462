import { type ReactNode, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { BehindSheet } from "@/shared/metrics/behind-sheet";
import { metricText } from "@/shared/metrics/metric-value";
import type { BehindRequest, Grouping, Metric } from "@/shared/metrics/report-queries";
import type { ReportBase } from "../model/use-report";

interface OpenedRow {
  groupBy: Grouping;
  key: string;
  name: string;
}

/** Opens the conversations behind a value in a sheet at the side, which is to be drawn. */
export function useBehind({ range, filters }: ReportBase): {
  open: (metric: Metric, row?: OpenedRow) => void;
  sheet: ReactNode;
} {
  const { language } = useTranslation();
  const [opened, setOpened] = useState<{ title: string; request: BehindRequest } | null>(null);
  const open = (metric: Metric, row?: OpenedRow) => {
    if (!metric.drill_down) return;
    const label = metricText(metric.label, language);
    const { from, to } = range;
    setOpened({
      title: row ? `${label}: ${row.name}` : label,
      request: {
        metric: metric.name,
        range: { from, to },
        filters,
        ...(row ? { groupBy: row.groupBy, key: row.key } : {}),
      },
    });
  };
  const sheet = opened && <BehindSheet {...opened} onClose={() => setOpened(null)} />;
  return { open, sheet };
}

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { BehindSheet } from "@/shared/metrics/behind-sheet";
import { MetricCard } from "@/shared/metrics/metric-card";
import { metricText } from "@/shared/metrics/metric-value";
import { type Metric, metricsQuery } from "@/shared/metrics/report-queries";
import { cn } from "@/shared/ui/class-names";
import { Skeleton } from "@/shared/ui/feedback/skeleton";
import type { BoardNow } from "../model/board-query";

interface TodayFiguresProps {
  board: BoardNow;
  isWall: boolean;
}

/** Today beside the same weekday a week ago, both up to the same local time. */
export function TodayFigures({ board, isWall }: TodayFiguresProps) {
  const { t, language } = useTranslation("dashboard");
  const metrics = useQuery(metricsQuery).data;
  const [opened, setOpened] = useState<Metric | null>(null);
  return (
    <section aria-labelledby="today" className="flex flex-col gap-2">
      <h2 id="today" className={cn("font-semibold", isWall ? "text-heading" : "text-body")}>
        {t("today.title")}
      </h2>
      <div className="grid grid-cols-1 gap-4 min-[340px]:grid-cols-2 lg:grid-cols-3 xl:grid-cols-5">
        {Object.entries(board.today).map(([name, value]) => {
          const metric = metrics?.get(name);
          if (!metric) return <Skeleton key={name} className="h-[98px] rounded-bubble" />;
          return (
            <MetricCard
              key={name}
              metric={metric}
              value={value}
              before={board.same_weekday_last_week[name]}
              than={t("today.week_ago")}
              isLarge={isWall}
              onOpen={() => setOpened(metric)}
            />
          );
        })}
      </div>
      {opened && (
        <BehindSheet
          title={metricText(opened.label, language)}
          request={{
            metric: opened.name,
            range: { from: startOfDay(board.until), to: board.until },
          }}
          onClose={() => setOpened(null)}
        />
      )}
    </section>
  );
}

/** Midnight of the day of a time that has its offset. */
function startOfDay(time: string): string {
  const [day = time] = time.split("T");
  return day;
}

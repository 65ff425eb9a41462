import { useQuery } from "@tanstack/react-query";
import { Lock, SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { Select } from "@/shared/ui/form/select";
import { periodOf, SPANS, type Span } from "../model/period";
import { type Behind, type Period, reportQuery, ruleQuery } from "../queries";
import { AttemptTable } from "./attempt-table";
import { BehindSheet } from "./behind-sheet";
import { FunnelCards } from "./funnel-cards";
import { OptOutList } from "./opt-out-list";
import { RecoveredFigures } from "./recovered-figures";
import { RuleDialog } from "./rule-dialog";
import { TextList } from "./text-list";

/** Customers who showed interest and went quiet, and those who were won back. */
export function FollowUps() {
  const { t } = useTranslation("follow-ups");
  if (may(useCurrentUser(), "reports:read")) return <FollowUpBoard />;
  return (
    <EmptyState icon={<Lock />} title={t("forbidden.title")} className="flex-1">
      {t("forbidden.text")}
    </EmptyState>
  );
}

function FollowUpBoard() {
  const { t } = useTranslation("follow-ups");
  const user = useCurrentUser();
  const [span, setSpan] = useState<Span>("30");
  const [isRuleOpen, setRuleOpen] = useState(false);
  const [behind, setBehind] = useState<Behind | null>(null);
  const period = periodOf(span, new Date());
  const mayReadRule = may(user, "settings:read");
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-panel">
      <div className="mx-auto flex w-full max-w-[1100px] flex-col gap-4 p-4 md:p-6">
        <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
          <div className="min-w-0">
            <p aria-hidden className="font-semibold text-heading">
              {t("title")}
            </p>
            <p className="max-w-[640px] text-list text-text-2">{t("intro")}</p>
          </div>
          <div className="flex flex-wrap gap-2">
            <Select
              aria-label={t("period.label")}
              className="w-44"
              value={span}
              options={SPANS.map((value) => ({ value, label: t(`period.${value}`) }))}
              onChange={setSpan}
            />
            {mayReadRule && (
              <Button onClick={() => setRuleOpen(true)}>
                <SlidersHorizontal aria-hidden className="size-4" />
                {t("rule.open")}
              </Button>
            )}
          </div>
        </header>
        {mayReadRule && <OffBanner />}
        <Figures period={period} onOpen={setBehind} />
        {may(user, "contacts:read") && <OptOutList />}
      </div>
      {behind && <BehindSheet period={period} behind={behind} onClose={() => setBehind(null)} />}
      {isRuleOpen && <RuleDialog onClose={() => setRuleOpen(false)} />}
    </div>
  );
}

function OffBanner() {
  const { t } = useTranslation("follow-ups");
  const { data } = useQuery(ruleQuery);
  if (!data || data.rule.enabled) return null;
  return <Banner className="rounded-control">{t("off")}</Banner>;
}

interface FiguresProps {
  period: Period;
  onOpen: (behind: Behind) => void;
}

function Figures({ period, onOpen }: FiguresProps) {
  const { t } = useTranslation("follow-ups");
  const { data, error, refetch } = useQuery(reportQuery(period));
  if (error && !data) {
    return <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows count={4} height={72} label={t("loading")} />;
  if (data.funnel.interested === 0) {
    return <EmptyState title={t("none.title")}>{t("none.text")}</EmptyState>;
  }
  return (
    <>
      <RecoveredFigures report={data} />
      <FunnelCards report={data} onOpen={onOpen} />
      <AttemptTable report={data} onOpen={onOpen} />
      <TextList report={data} />
    </>
  );
}

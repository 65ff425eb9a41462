import { useQuery } from "@tanstack/react-query";
import { BellOff, BellRing, Mail, MoonStar, Pencil, Trash2, Webhook } from "lucide-react";
import { type ReactNode, useState } from "react";
import { type AlertRule, alertRulesQuery, useDeleteAlertRule } from "@/shared/alerts/queries";
import { useTeamName } from "@/shared/api/colleagues";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { AlertSection } from "./alert-section";
import { RuleState } from "./rule-state";
import { useAlertTexts } from "./use-alert-texts";

/** Opens the editor, for a new rule with `null`; missing if the user may only read. */
export type OnEdit = ((rule: AlertRule | null) => void) | undefined;

export function RuleList({ onEdit }: { onEdit: OnEdit }) {
  const { t } = useTranslation("alerts");
  const { data, error, refetch } = useQuery(alertRulesQuery);
  const [doomed, setDoomed] = useState<AlertRule | null>(null);
  const remove = useDeleteAlertRule();
  const confirm = () => {
    if (!doomed) return;
    remove.mutate(doomed, {
      onSuccess: () => toast.done(t("delete.done", { name: doomed.name })),
      onError: (reason) => {
        const isStale = reason instanceof ApiError && reason.status === 412;
        const description = isStale ? t("conflict.text") : describeError(reason, t);
        toast.error(t("delete.failed"), { description });
      },
    });
  };
  return (
    <AlertSection title={t("rules.title")}>
      {error && !data && (
        <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows count={3} height={56} label={t("loading")} />}
      {data?.length === 0 && (
        <EmptyState icon={<BellRing />} title={t("rules.none")}>
          {t("rules.none_text")}
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <ul className="divide-y divide-divider">
          {data.map((rule) => (
            <RuleRow key={rule.id} rule={rule} onEdit={onEdit} onDelete={() => setDoomed(rule)} />
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={t("delete.title", { name: doomed?.name })}
        description={t("delete.text")}
        confirmLabel={t("shared:actions.delete")}
        danger
        onConfirm={confirm}
      />
    </AlertSection>
  );
}

interface RuleRowProps {
  rule: AlertRule;
  onEdit: OnEdit;
  onDelete: () => void;
}

function RuleRow({ rule, onEdit, onDelete }: RuleRowProps) {
  const { t } = useTranslation("alerts");
  return (
    <li className="flex items-start gap-3 py-3">
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="min-w-0 break-words font-medium">{rule.name}</span>
          <RuleState rule={rule} />
        </p>
        <RuleSentence rule={rule} />
        <RuleMarks rule={rule} />
      </div>
      {onEdit && (
        <div className="flex shrink-0">
          <IconButton label={t("edit", { name: rule.name })} onClick={() => onEdit(rule)}>
            <Pencil />
          </IconButton>
          <IconButton label={t("delete.label", { name: rule.name })} onClick={onDelete}>
            <Trash2 />
          </IconButton>
        </div>
      )}
    </li>
  );
}

/** When the rule alerts, and for which team. */
function RuleSentence({ rule }: { rule: AlertRule }) {
  const { t } = useTranslation("alerts");
  const texts = useAlertTexts();
  const team = useTeamName(rule.team);
  return (
    <p className="text-list text-text-2">
      {texts.limit(rule.kind, rule.threshold)}
      {team && ` · ${t("rules.of_team", { team })}`}
      {` · ${t("rules.hold", { count: rule.hold_minutes })}`}
      {rule.window_minutes !== null &&
        ` · ${t("rules.window", { time: texts.minutes(rule.window_minutes) })}`}
    </p>
  );
}

/** Who is told. */
function RuleMarks({ rule }: { rule: AlertRule }) {
  const { t } = useTranslation("alerts");
  const isTold = rule.emails.length > 0 || rule.webhook_url !== null;
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-meta text-text-3 [&_svg]:size-3.5 [&_svg]:shrink-0">
      {rule.emails.length > 0 && <Mark icon={<Mail aria-hidden />}>{rule.emails.join(", ")}</Mark>}
      {rule.webhook_url && <Mark icon={<Webhook aria-hidden />}>{rule.webhook_url}</Mark>}
      {!isTold && <Mark icon={<BellOff aria-hidden />}>{t("rules.desk_only")}</Mark>}
      {rule.quiet_from && rule.quiet_until && (
        <Mark icon={<MoonStar aria-hidden />}>
          {t("rules.quiet", {
            from: rule.quiet_from.slice(0, 5),
            until: rule.quiet_until.slice(0, 5),
          })}
        </Mark>
      )}
    </p>
  );
}

function Mark({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <span className="flex min-w-0 items-center gap-1">
      {icon}
      <span className="min-w-0 break-all">{children}</span>
    </span>
  );
}

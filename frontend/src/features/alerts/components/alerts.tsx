import { Lock, Plus } from "lucide-react";
import { useState } from "react";
import { type AlertRule, useAlertRefresh } from "@/shared/alerts/queries";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { EmptyState } from "@/shared/ui/feedback/states";
import { AlertHistory } from "./alert-history";
import { RuleDialog } from "./rule-dialog";
import { RuleList } from "./rule-list";

/** Which rule is edited; `null`: a new one. */
type Edit = { rule: AlertRule | null } | undefined;

/** The provider's alert rules, and what they have told. */
export function Alerts() {
  const { t } = useTranslation("alerts");
  const mayRead = may(useCurrentUser(), "settings:read");
  if (mayRead) return <AlertBoard />;
  return (
    <EmptyState icon={<Lock />} title={t("forbidden.title")} className="flex-1">
      {t("forbidden.text")}
    </EmptyState>
  );
}

/** It follows the live stream. */
function AlertBoard() {
  const { t } = useTranslation("alerts");
  const mayWrite = may(useCurrentUser(), "settings:write");
  const [edit, setEdit] = useState<Edit>();
  useAlertRefresh();
  const onEdit = mayWrite ? (rule: AlertRule | null) => setEdit({ rule }) : undefined;
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
          {onEdit && (
            <Button variant="primary" onClick={() => onEdit(null)}>
              <Plus aria-hidden className="size-4" />
              {t("create")}
            </Button>
          )}
        </header>
        <RuleList onEdit={onEdit} />
        <AlertHistory />
      </div>
      {edit && <RuleDialog rule={edit.rule} onClose={() => setEdit(undefined)} />}
    </div>
  );
}

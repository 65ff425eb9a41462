import { Lock, Plus } from "lucide-react";
import { useState } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { SlaPolicy } from "@/shared/sla/queries";
import { Button } from "@/shared/ui/button";
import { EmptyState } from "@/shared/ui/feedback/states";
import { PolicyDialog } from "./policy-dialog";
import { PolicyList } from "./policy-list";

/** Which policy is edited; `null`: a new one. */
type Edit = { policy: SlaPolicy | null } | undefined;

/** What the provider promises to its customers. */
export function SlaPolicies() {
  const { t } = useTranslation("sla");
  const mayRead = may(useCurrentUser(), "settings:read");
  if (mayRead) return <PolicyBoard />;
  return (
    <EmptyState icon={<Lock />} title={t("forbidden.title")} className="flex-1">
      {t("forbidden.text")}
    </EmptyState>
  );
}

function PolicyBoard() {
  const { t } = useTranslation("sla");
  const mayWrite = may(useCurrentUser(), "settings:write");
  const [edit, setEdit] = useState<Edit>();
  const onEdit = mayWrite ? (policy: SlaPolicy | null) => setEdit({ policy }) : undefined;
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
        <PolicyList onEdit={onEdit} />
      </div>
      {edit && <PolicyDialog policy={edit.policy} onClose={() => setEdit(undefined)} />}
    </div>
  );
}

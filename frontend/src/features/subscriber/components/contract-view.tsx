import { LockKeyholeOpen, Wrench } from "lucide-react";
import { useState } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { useUnlock } from "../model/erp-writes";
import type { Contract } from "../queries";
import { ConnectionView } from "./connection-view";
import { InvoiceList } from "./invoice-list";
import { OrderDialog } from "./order-dialog";
import { OrderList } from "./order-list";

interface ContractViewProps {
  contract: Contract;
  contactId: string;
  conversationId: string | null;
  canSend: boolean;
}

export function ContractView({ contract, contactId, conversationId, canSend }: ContractViewProps) {
  const { t } = useTranslation("subscriber");
  const target = { contactId, contractId: contract.id };
  return (
    <div className="space-y-3">
      <div>
        <p className="flex items-center justify-between gap-2">
          <span className="font-medium text-list">{contract.plan}</span>
          <span className={contract.blocked ? "font-medium text-danger" : "text-text-2"}>
            {t(contract.blocked ? "contract.blocked" : `contract.status.${contract.status}`)}
          </span>
        </p>
        <p className="text-meta text-text-3">{contract.address ?? contract.city}</p>
      </div>
      {contract.blocked && (
        <Banner tone="danger">
          {contract.status_reason
            ? t("contract.blocked_for", { reason: contract.status_reason })
            : t("contract.blocked_text")}
        </Banner>
      )}
      {conversationId && (
        <ContractActs contract={contract} contactId={contactId} conversationId={conversationId} />
      )}
      <ConnectionView {...target} />
      <InvoiceList {...target} conversationId={conversationId} canSend={canSend} />
      <OrderList {...target} />
    </div>
  );
}

interface ContractActsProps {
  contract: Contract;
  contactId: string;
  conversationId: string;
}

/** Unlock and service order. Both are written once, also if the button is pressed twice. */
function ContractActs({ contract, contactId, conversationId }: ContractActsProps) {
  const { t } = useTranslation("subscriber");
  const user = useCurrentUser();
  const unlock = useUnlock({ conversationId, contactId });
  const [isOrdering, setOrdering] = useState(false);
  if (!may(user, "subscribers:write") || contract.ended) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {contract.can_unlock && (
        <ConfirmDialog
          title={t("unlock.title")}
          description={t("unlock.text", { count: contract.unlocks_this_month })}
          confirmLabel={t("unlock.verb")}
          onConfirm={() => unlock.mutate({ contractId: contract.id })}
          trigger={
            <Button size="small" disabled={unlock.isPending}>
              <LockKeyholeOpen className="size-4" aria-hidden />
              {t(unlock.isPending ? "unlock.running" : "unlock.verb")}
            </Button>
          }
        />
      )}
      <Button size="small" onClick={() => setOrdering(true)}>
        <Wrench className="size-4" aria-hidden />
        {t("order.verb")}
      </Button>
      {isOrdering && (
        <OrderDialog
          contract={contract}
          contactId={contactId}
          conversationId={conversationId}
          onClose={() => setOrdering(false)}
        />
      )}
    </div>
  );
}

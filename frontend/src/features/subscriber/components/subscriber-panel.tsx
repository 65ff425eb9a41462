import { useQuery, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useNow } from "@/shared/live";
import { Chip } from "@/shared/ui/display/chip";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { Select } from "@/shared/ui/form/select";
import { IconButton } from "@/shared/ui/icon-button";
import { refreshSubscribers, type Subscriber, subscriberKey, subscribersQuery } from "../queries";
import { ContractView } from "./contract-view";
import { LookupHint } from "./lookup-hint";

export interface SubscriberPanelProps {
  contactId: string;
  /** The conversation in which acts take place; without it nothing can be sent or ordered. */
  conversationId: string | null;
  /** The agent has taken the conversation over, so that messages can be sent. */
  canSend: boolean;
}

/** What the provider's ERP knows of the person: contracts, invoices, connection, orders. */
export function SubscriberPanel(props: SubscriberPanelProps) {
  const { contactId } = props;
  const { t } = useTranslation("subscriber");
  const { data, error, isPending, refetch } = useQuery(subscribersQuery(contactId));
  if (isPending) return <SkeletonRows count={4} height={36} label={t("loading")} />;
  if (error) {
    return <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />;
  }
  if (data.status !== "ok")
    return <LookupHint status={data.status} retryAfter={data.retry_after_s} />;
  return (
    <div className="space-y-4">
      <ReadAt contactId={contactId} at={data.read_at} />
      {data.items.map((subscriber, index) => (
        <SubscriberView key={subscriber.document ?? index} subscriber={subscriber} {...props} />
      ))}
    </div>
  );
}

function ReadAt({ contactId, at }: { contactId: string; at: string | null }) {
  const { t } = useTranslation("subscriber");
  const format = useFormat();
  const now = useNow(60_000);
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const refresh = async () => {
    setBusy(true);
    try {
      queries.setQueryData(subscriberKey(contactId), await refreshSubscribers(contactId));
      await queries.invalidateQueries({ queryKey: subscriberKey(contactId), exact: false });
    } catch (error) {
      toast.error(describeError(error, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <p className="flex items-center justify-between text-meta text-text-3">
      {at && t("read_at", { ago: format.ago(at, now) })}
      <IconButton
        size="small"
        label={t("refresh")}
        disabled={isBusy}
        onClick={() => void refresh()}
      >
        <RefreshCw className={isBusy ? "animate-spin" : undefined} />
      </IconButton>
    </p>
  );
}

function SubscriberView({
  subscriber,
  ...target
}: SubscriberPanelProps & { subscriber: Subscriber }) {
  const { t } = useTranslation("subscriber");
  const alive = subscriber.contracts.filter((each) => !each.ended);
  const contracts = alive.length > 0 ? alive : subscriber.contracts;
  const [chosen, setChosen] = useState<string | null>(null);
  const contract = contracts.find((each) => each.id === chosen) ?? contracts[0];
  return (
    <section aria-label={subscriber.name} className="space-y-3">
      <div>
        <p className="font-semibold text-body">{subscriber.name}</p>
        <p className="text-list text-text-2 tabular-nums">{subscriber.document}</p>
        {subscriber.matched_by === "phone" && <Chip className="mt-1">{t("by_phone")}</Chip>}
      </div>
      {contracts.length > 1 && contract && (
        <Select
          aria-label={t("contract.choose")}
          value={contract.id}
          onChange={setChosen}
          options={contracts.map((each) => ({
            value: each.id,
            label: [each.plan, each.address ?? each.city].filter(Boolean).join(" · "),
          }))}
        />
      )}
      {contract ? (
        <ContractView key={contract.id} contract={contract} {...target} />
      ) : (
        <p className="text-list text-text-3">{t("contract.none")}</p>
      )}
    </section>
  );
}

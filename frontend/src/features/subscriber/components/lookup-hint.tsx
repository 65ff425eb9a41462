import { CloudOff, IdCard, PlugZap, SearchX } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { EmptyState } from "@/shared/ui/feedback/states";
import type { Subscribers } from "../queries";

const ICONS = {
  not_configured: PlugZap,
  not_identified: IdCard,
  not_found: SearchX,
  unavailable: CloudOff,
};

/** Why no subscriber is shown, and what the agent can do. */
export function LookupHint({
  status,
  retryAfter,
}: {
  status: Exclude<Subscribers["status"], "ok">;
  retryAfter: number | null;
}) {
  const { t } = useTranslation("subscriber");
  const Icon = ICONS[status];
  return (
    <EmptyState className="py-4" icon={<Icon />} title={t(`lookup.${status}.title`)}>
      {t(`lookup.${status}.text`, { seconds: Math.ceil(retryAfter ?? 30) })}
    </EmptyState>
  );
}

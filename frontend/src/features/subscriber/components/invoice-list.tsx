import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { invoicesQuery } from "../queries";
import { InvoiceRow } from "./invoice-row";

interface InvoiceListProps {
  contactId: string;
  contractId: string;
  conversationId: string | null;
  canSend: boolean;
}

export function InvoiceList(props: InvoiceListProps) {
  const { contactId, contractId } = props;
  const { t } = useTranslation("subscriber");
  const format = useFormat();
  const { data, error, refetch } = useQuery(invoicesQuery(contactId, contractId));
  if (error) {
    return (
      <ErrorState
        className="py-3"
        error={error}
        title={t("invoices.failed")}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) return <SkeletonRows count={2} height={48} label={t("invoices.title")} />;
  return (
    <section aria-label={t("invoices.title")}>
      <h4 className="flex justify-between font-semibold text-list">
        {t("invoices.title")}
        {data.open.length > 0 && (
          <span className="tabular-nums">{format.money(Number(data.total_open))}</span>
        )}
      </h4>
      {data.open.length === 0 && <p className="text-list text-text-3">{t("invoices.none")}</p>}
      <ul>
        {data.open.map((invoice) => (
          <InvoiceRow key={invoice.id} invoice={invoice} {...props} />
        ))}
      </ul>
      {data.paid.length > 0 && (
        <details className="group/paid mt-1">
          <summary className="flex min-h-6 cursor-pointer list-none items-center gap-1 text-list text-text-2">
            <ChevronRight
              aria-hidden
              className="size-4 transition-transform group-open/paid:rotate-90"
            />
            {t("invoices.paid", { count: data.paid.length })}
          </summary>
          <ul>
            {data.paid.map((each) => (
              <li
                key={each.id}
                className="flex justify-between py-1 text-list text-text-2 tabular-nums"
              >
                <span>{t("invoices.due", { date: format.date(`${each.due}T12:00:00`) })}</span>
                <span>{each.amount !== null && format.money(Number(each.amount))}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

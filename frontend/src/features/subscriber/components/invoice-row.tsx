import { Copy, SendHorizontal } from "lucide-react";
import { describeError } from "@/shared/api/describe-error";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/class-names";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { type InvoiceSend, useSendInvoice } from "../model/erp-writes";
import { invoiceCodes, type OpenInvoice } from "../queries";

interface InvoiceRowProps {
  invoice: OpenInvoice;
  contactId: string;
  contractId: string;
  conversationId: string | null;
  canSend: boolean;
}

export function InvoiceRow(props: InvoiceRowProps) {
  const { invoice, conversationId, canSend } = props;
  const { t } = useTranslation("subscriber");
  const format = useFormat();
  const isOverdue = invoice.overdue_days > 0;
  return (
    <li className="flex items-center gap-2 border-divider border-b py-1.5 last:border-0">
      <span className="min-w-0 flex-1">
        <span className="block font-medium text-list tabular-nums">
          {format.money(Number(invoice.amount))}
        </span>
        <span className={cn("text-meta", isOverdue ? "text-danger" : "text-text-3")}>
          {isOverdue
            ? t("invoices.overdue", { count: invoice.overdue_days })
            : t("invoices.due", { date: format.date(`${invoice.due}T12:00:00`) })}
        </span>
      </span>
      <CopyMenu {...props} />
      {conversationId && canSend && <SendMenu {...props} conversationId={conversationId} />}
    </li>
  );
}

function CopyMenu({ invoice, contactId, contractId }: InvoiceRowProps) {
  const { t } = useTranslation("subscriber");
  const copy = async (name: "pix" | "digit_line") => {
    try {
      const codes = await invoiceCodes(contactId, contractId, invoice.id);
      const code = codes[name];
      if (!code) return toast.info(t("invoices.no_code"));
      await navigator.clipboard.writeText(code);
      return toast.done(t("shared:actions.copied"));
    } catch (error) {
      return toast.error(describeError(error, t));
    }
  };
  const entries: MenuEntry[] = [
    {
      id: "pix",
      label: t("invoices.copy_pix"),
      disabled: !invoice.has_pix,
      onSelect: () => void copy("pix"),
    },
    {
      id: "line",
      label: t("invoices.copy_line"),
      disabled: !invoice.has_boleto,
      onSelect: () => void copy("digit_line"),
    },
  ];
  return (
    <DropdownMenu
      align="end"
      entries={entries}
      trigger={
        <IconButton size="small" label={t("invoices.copy")}>
          <Copy />
        </IconButton>
      }
    />
  );
}

function SendMenu(props: InvoiceRowProps & { conversationId: string }) {
  const { invoice, contactId, contractId, conversationId } = props;
  const { t } = useTranslation("subscriber");
  const send = useSendInvoice({ conversationId, contactId });
  const entry = (method: InvoiceSend["method"], isPossible: boolean): MenuEntry => ({
    id: method,
    label: t(`invoices.send.${method}`),
    disabled: !isPossible,
    onSelect: () => send.mutate({ contractId, invoiceId: invoice.id, method }),
  });
  return (
    <DropdownMenu
      align="end"
      entries={[
        entry("pix", invoice.has_pix),
        entry("boleto", invoice.has_boleto),
        entry("both", invoice.has_pix && invoice.has_boleto),
      ]}
      trigger={
        <Button size="small" disabled={send.isPending}>
          <SendHorizontal className="size-3.5" aria-hidden />
          {t("invoices.send.verb")}
        </Button>
      }
    />
  );
}

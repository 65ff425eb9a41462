import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Textarea } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { Dialog } from "@/shared/ui/overlay/dialog";
import { ORDER_CATEGORIES, type OrderInput, useOpenOrder } from "../model/erp-writes";
import type { Contract } from "../queries";

const MAX_TEXT = 1000;

interface OrderDialogProps {
  contract: Contract;
  contactId: string;
  conversationId: string;
  onClose: () => void;
}

export function OrderDialog({ contract, contactId, conversationId, onClose }: OrderDialogProps) {
  const { t } = useTranslation("subscriber");
  const order = useOpenOrder({ conversationId, contactId });
  const [category, setCategory] = useState<OrderInput["category"]>("sem_conexao");
  const [text, setText] = useState("");
  const submit = () =>
    order.mutate(
      { contractId: contract.id, category, text: text.trim() },
      { onSuccess: (result) => result.outcome !== "refused" && onClose() },
    );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("order.title")}
      description={t("order.description", { plan: contract.plan })}
      footer={
        <>
          <Button onClick={onClose}>{t("shared:actions.cancel")}</Button>
          <Button variant="primary" disabled={!text.trim() || order.isPending} onClick={submit}>
            {t(order.isPending ? "order.running" : "order.verb")}
          </Button>
        </>
      }
    >
      <Field label={t("order.category")}>
        <Select
          value={category}
          onChange={setCategory}
          options={ORDER_CATEGORIES.map((each) => ({
            value: each,
            label: t(`order.categories.${each}`),
          }))}
        />
      </Field>
      <Field label={t("order.text")} hint={t("order.hint")}>
        <Textarea
          rows={5}
          maxLength={MAX_TEXT}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
    </Dialog>
  );
}

import { Ban, LockOpen } from "lucide-react";
import type { Contact } from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { useBlockContact } from "../model/contact-changes";

interface BlockButtonProps {
  contact: Contact;
  conversationId: string | null;
}

export function BlockButton({ contact, conversationId }: BlockButtonProps) {
  const { t } = useTranslation("contact");
  const block = useBlockContact({ contactId: contact.id, conversationId });
  const act = contact.blocked ? "unblock" : "block";
  const Icon = contact.blocked ? LockOpen : Ban;
  return (
    <ConfirmDialog
      title={t(`${act}.title`)}
      description={t(`${act}.text`)}
      confirmLabel={t(`${act}.verb`)}
      danger={!contact.blocked}
      onConfirm={() => block.mutate(!contact.blocked)}
      trigger={
        <Button size="small" disabled={block.isPending}>
          <Icon className="size-4" aria-hidden />
          {t(`${act}.verb`)}
        </Button>
      }
    />
  );
}

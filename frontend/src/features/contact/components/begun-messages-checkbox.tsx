import { describeError } from "@/shared/api/describe-error";
import type { Contact } from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { useChangeContact } from "../model/contact-changes";

/**
 * Whether the person gets messages that the provider begins, such as requests for ratings. An opt-out
 * is for good: only administrators undo it. Nothing is drawn for those who may not change it.
 */
export function BegunMessagesCheckbox({
  contact,
  mayWrite,
}: {
  contact: Contact;
  mayWrite: boolean;
}) {
  const { t } = useTranslation("contact");
  const change = useChangeContact({ contactId: contact.id, conversationId: null });
  if (!mayWrite) return null;
  return (
    <div className="flex flex-col">
      <Checkbox
        label={t("begun.allowed")}
        checked={!contact.opted_out}
        disabled={change.isPending || contact.opted_out}
        onCheckedChange={() =>
          change.mutate(
            { opted_out: true },
            {
              onError: (error) =>
                toast.error(t("begun.failed"), { description: describeError(error, t) }),
            },
          )
        }
      />
      {contact.opted_out && <p className="text-meta text-text-3">{t("begun.undo_hint")}</p>}
    </div>
  );
}

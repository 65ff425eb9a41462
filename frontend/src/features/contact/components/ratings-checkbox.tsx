import { describeError } from "@/shared/api/describe-error";
import type { Contact } from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { useChangeContact } from "../model/contact-changes";

/** Whether the person is asked for ratings. Nothing is drawn for those who may not change it. */
export function RatingsCheckbox({ contact, mayWrite }: { contact: Contact; mayWrite: boolean }) {
  const { t } = useTranslation("contact");
  const change = useChangeContact({ contactId: contact.id, conversationId: null });
  if (!mayWrite) return null;
  return (
    <Checkbox
      label={t("ratings.asked")}
      checked={!contact.ratings_refused}
      disabled={change.isPending}
      onCheckedChange={(asked) =>
        change.mutate(
          { ratings_refused: asked !== true },
          {
            onError: (error) =>
              toast.error(t("ratings.failed"), { description: describeError(error, t) }),
          },
        )
      }
    />
  );
}

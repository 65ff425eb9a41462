import { useEffect, useRef, useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import type { Contact } from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Textarea } from "@/shared/ui/form/input";
import { useChangeContact } from "../model/contact-changes";

const MAX_LENGTH = 4000;

/** What colleagues should know of the person. Saved when the field is left. */
export function NotesField({ contact, mayWrite }: { contact: Contact; mayWrite: boolean }) {
  const { t } = useTranslation("contact");
  const change = useChangeContact({ contactId: contact.id, conversationId: null });
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? contact.notes;
  const save = () => {
    if (text === null || text === contact.notes) return setText(null);
    if (change.isPending && change.variables.notes === text) return;
    change.mutate(
      { notes: text },
      { onSuccess: () => setText((now) => (now === text ? null : now)) },
    );
  };
  // Another conversation can be opened by a key, without leaving the field.
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => () => latest.current(), []);
  if (!mayWrite) {
    return (
      <div>
        <p className="text-meta text-text-3">{t("notes.label")}</p>
        <p className="whitespace-pre-wrap break-words text-list">
          {contact.notes || t("notes.none")}
        </p>
      </div>
    );
  }
  return (
    <div>
      <Field
        label={t("notes.label")}
        error={change.isError ? describeError(change.error, t) : undefined}
      >
        <Textarea
          value={shown}
          maxLength={MAX_LENGTH}
          placeholder={t("notes.placeholder")}
          onChange={(event) => setText(event.target.value)}
          onBlur={save}
        />
      </Field>
      <p role="status" className="flex min-h-4 items-center gap-2 text-meta text-text-3">
        {change.isPending && t("notes.saving")}
        {change.isSuccess && text === null && t("notes.saved")}
        {change.isError && (
          <Button size="small" onClick={save}>
            {t("shared:actions.retry")}
          </Button>
        )}
      </p>
    </div>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { api, unwrap } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { contactListKey, storeContact } from "@/shared/contacts/contact-queries";
import { dialledPhone, formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Dialog } from "@/shared/ui/overlay/dialog";

interface NewContactDialogProps {
  onOpen: (contactId: string) => void;
  onClose: () => void;
}

/** The server refuses a second contact with the number, so a repeat changes nothing. */
function useCreateContact(onCreated: (contactId: string) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (contact: { name: string; phone: string }) =>
      unwrap(api.POST("/contacts", { body: contact })),
    onSuccess: (contact) => {
      storeContact(queries, contact);
      void queries.invalidateQueries({ queryKey: contactListKey });
      onCreated(contact.id);
    },
  });
}

export function NewContactDialog({ onOpen, onClose }: NewContactDialogProps) {
  const { t } = useTranslation("contacts");
  const form = useId();
  const [name, setName] = useState("");
  const [written, setWritten] = useState("");
  const [isChecked, setChecked] = useState(false);
  const open = (contactId: string) => {
    onClose();
    onOpen(contactId);
  };
  const create = useCreateContact(open);
  const phone = dialledPhone(written);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!name.trim() || !phone || create.isPending) return;
    create.mutate({ name: name.trim(), phone: `+${phone}` });
  };
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={t("new.title")}
      width="narrow"
      footer={
        <>
          <Button onClick={onClose}>{t("shared:actions.cancel")}</Button>
          <Button variant="primary" type="submit" form={form} disabled={create.isPending}>
            {t("shared:actions.save")}
          </Button>
        </>
      }
    >
      <form id={form} noValidate onSubmit={submit} className="flex flex-col gap-3">
        <Field
          required
          label={t("new.name")}
          error={isChecked && !name.trim() ? t("new.name_missing") : undefined}
        >
          <Input
            value={name}
            maxLength={120}
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field
          required
          label={t("new.phone")}
          hint={phone ? formatPhone(phone) : t("new.phone_hint")}
          error={isChecked && !phone ? t("shared:errors.codes.bad_phone") : undefined}
        >
          <Input
            type="tel"
            value={written}
            maxLength={32}
            autoComplete="off"
            onChange={(event) => setWritten(event.target.value)}
          />
        </Field>
        {create.error && <Refusal error={create.error} onOpen={open} />}
      </form>
    </Dialog>
  );
}

function Refusal({ error, onOpen }: { error: Error; onOpen: (contactId: string) => void }) {
  const { t } = useTranslation("contacts");
  const existing = error instanceof ApiError ? error.existingId : null;
  return (
    <Banner
      live
      tone={existing ? "warn" : "danger"}
      className="rounded-control"
      actions={
        existing && (
          <Button size="small" onClick={() => onOpen(existing)}>
            {t("new.open_existing")}
          </Button>
        )
      }
    >
      {describeError(error, t)}
    </Banner>
  );
}

import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Textarea } from "@/shared/ui/form/input";
import { Dialog } from "@/shared/ui/overlay/dialog";

const MAX_TEXT = 4096;

interface EditDialogProps {
  message: Message;
  onSave: (text: string) => Promise<boolean>;
  onClose: () => void;
}

export function EditDialog({ message, onSave, onClose }: EditDialogProps) {
  const { t } = useTranslation("thread");
  const [text, setText] = useState(message.text);
  const [isSaving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    if (await onSave(text.trim())) onClose();
    setSaving(false);
  };
  const isUnchanged = text.trim() === "" || text.trim() === message.text;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("edit.title")}
      footer={
        <>
          <Button onClick={onClose}>{t("shared:actions.cancel")}</Button>
          <Button variant="primary" disabled={isUnchanged || isSaving} onClick={save}>
            {t("shared:actions.save")}
          </Button>
        </>
      }
    >
      <Field label={t("edit.label")} hint={t("edit.hint")}>
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

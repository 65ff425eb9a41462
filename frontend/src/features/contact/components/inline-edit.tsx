import { Pencil } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { IconButton } from "@/shared/ui/icon-button";

export interface InlineEditProps {
  label: string;
  /** What is shown while nobody edits. */
  children: ReactNode;
  /** What the field begins with. */
  value: string;
  /** The name of the button that opens the field; without `onSave` there is none. */
  editLabel: string;
  onSave?: ((text: string) => Promise<unknown>) | undefined;
  hint?: string;
  maxLength: number;
  inputMode?: "text" | "numeric";
}

/** A value with its label; a pencil turns it into a field. An error stays beside the field. */
export function InlineEdit(props: InlineEditProps) {
  const { label, children, editLabel, onSave } = props;
  const [isEditing, setEditing] = useState(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (wasEditing.current && !isEditing) pencil.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);
  if (isEditing && onSave) {
    return <EditForm {...props} onSave={onSave} onClose={() => setEditing(false)} />;
  }
  return (
    <div className="flex min-h-8 items-start gap-2">
      <div className="min-w-0 flex-1">
        <p className="text-meta text-text-3">{label}</p>
        <div className="break-words text-list">{children}</div>
      </div>
      {onSave && (
        <IconButton ref={pencil} size="small" label={editLabel} onClick={() => setEditing(true)}>
          <Pencil />
        </IconButton>
      )}
    </div>
  );
}

type EditFormProps = InlineEditProps & {
  onSave: (text: string) => Promise<unknown>;
  onClose: () => void;
};

function EditForm({ label, value, onSave, onClose, hint, maxLength, inputMode }: EditFormProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    if (text.trim() === value.trim()) return onClose();
    setBusy(true);
    try {
      await onSave(text.trim());
      onClose();
    } catch (reason) {
      setError(reason);
      setBusy(false);
      input.current?.focus();
    }
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <Field label={label} hint={hint} error={error ? describeError(error, t) : undefined}>
        <Input
          ref={input}
          value={text}
          maxLength={maxLength}
          inputMode={inputMode}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value);
            setError(null);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            onClose();
          }}
        />
      </Field>
      <div className="flex justify-end gap-2">
        <Button size="small" onClick={onClose}>
          {t("actions.cancel")}
        </Button>
        <Button size="small" variant="primary" type="submit" disabled={isBusy}>
          {t("actions.save")}
        </Button>
      </div>
    </form>
  );
}

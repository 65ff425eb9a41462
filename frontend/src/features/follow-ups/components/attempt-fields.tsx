import { Plus, Trash2 } from "lucide-react";
import { useFieldArray, useFormContext } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input, Textarea } from "@/shared/ui/form/input";
import { IconButton } from "@/shared/ui/icon-button";
import { ATTEMPTS, MAX_TEXT, MAX_VARIANTS, type RuleValues } from "../model/rule-form";
import { useFieldProblem } from "./use-field-problem";

/** The attempts in their order: how long each waits, and its texts. */
export function AttemptFields() {
  const { t } = useTranslation("follow-ups");
  const { fields, append, remove } = useFieldArray<RuleValues, "attempts">({ name: "attempts" });
  return (
    <div className="flex flex-col gap-3">
      <p className="text-meta text-text-3">{t("form.texts_hint")}</p>
      {fields.map((field, index) => (
        <Attempt
          key={field.id}
          index={index}
          onRemove={fields.length > 1 ? () => remove(index) : undefined}
        />
      ))}
      {fields.length < ATTEMPTS && (
        <Button
          size="small"
          className="self-start"
          onClick={() => append({ delay: "72", texts: [{ text: "" }] })}
        >
          <Plus aria-hidden className="size-4" />
          {t("form.add_attempt")}
        </Button>
      )}
    </div>
  );
}

interface AttemptProps {
  index: number;
  onRemove: (() => void) | undefined;
}

function Attempt({ index, onRemove }: AttemptProps) {
  const { t } = useTranslation("follow-ups");
  const { register } = useFormContext<RuleValues>();
  const problemOf = useFieldProblem();
  const name = `attempts.${index}.texts` as const;
  const { fields, append, remove } = useFieldArray<RuleValues, typeof name>({ name });
  const number = index + 1;
  return (
    <fieldset className="flex min-w-0 flex-col gap-3 rounded-control border border-divider p-3">
      <legend className="px-1 font-medium text-list">{t("attempts.name", { number })}</legend>
      <div className="flex items-end gap-2">
        <Field
          label={t(index === 0 ? "form.silence" : "form.delay")}
          error={problemOf(`attempts.${index}.delay`)}
          className="flex-1"
          required
        >
          <Input
            inputMode="decimal"
            autoComplete="off"
            {...register(`attempts.${index}.delay` as const)}
          />
        </Field>
        {onRemove && (
          <IconButton label={t("form.remove_attempt", { number })} onClick={onRemove}>
            <Trash2 />
          </IconButton>
        )}
      </div>
      {fields.map((field, variant) => (
        <div key={field.id} className="flex items-start gap-2">
          <Field
            label={t("form.text", { number: variant + 1 })}
            error={problemOf(`attempts.${index}.texts.${variant}.text`)}
            className="min-w-0 flex-1"
            required
          >
            <Textarea
              rows={3}
              maxLength={MAX_TEXT}
              {...register(`attempts.${index}.texts.${variant}.text` as const)}
            />
          </Field>
          {fields.length > 1 && (
            <IconButton
              label={t("form.remove_text", { number: variant + 1, attempt: number })}
              onClick={() => remove(variant)}
            >
              <Trash2 />
            </IconButton>
          )}
        </div>
      ))}
      {fields.length < MAX_VARIANTS && (
        <Button size="small" className="self-start" onClick={() => append({ text: "" })}>
          <Plus aria-hidden className="size-4" />
          {t("form.add_text")}
        </Button>
      )}
    </fieldset>
  );
}

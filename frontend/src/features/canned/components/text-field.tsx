import { Braces } from "lucide-react";
import { useRef } from "react";
import { useController, useWatch } from "react-hook-form";
import { useTeamName } from "@/shared/api/colleagues";
import { useCurrentUser } from "@/shared/api/session";
import {
  CANNED_VARIABLES,
  type CannedVariable,
  fillVariables,
  type VariableValues,
  variableValues,
} from "@/shared/canned/variables";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Textarea } from "@/shared/ui/form/input";
import { FormattedText } from "@/shared/ui/formatted-text";
import { DropdownMenu } from "@/shared/ui/overlay/menu";
import { type CannedValues, MAX_TEXT } from "../model/canned-form";

/** The text with its variables, and below it what a customer would read. */
export function TextField({ error }: { error: string | undefined }) {
  const { t } = useTranslation("canned");
  const { field } = useController<CannedValues, "text">({ name: "text" });
  const element = useRef<HTMLTextAreaElement | null>(null);
  const wasFocused = useRef(false);
  const inserted = useRef<number | null>(null);
  const examples = useExamples();
  const insert = (name: CannedVariable) => {
    const area = element.current;
    // A text that was not touched has its cursor at the start; the end is what one expects.
    const start = (wasFocused.current ? area?.selectionStart : null) ?? field.value.length;
    const end = (wasFocused.current ? area?.selectionEnd : null) ?? start;
    const variable = `{{${name}}}`;
    field.onChange(field.value.slice(0, start) + variable + field.value.slice(end));
    inserted.current = start + variable.length;
  };
  const values = variableValues(examples);
  const preview = fillVariables(field.value, examples);
  return (
    <div className="flex flex-col gap-2">
      <Field label={t("form.text")} hint={t("form.text_hint")} error={error}>
        <Textarea
          {...field}
          ref={(area) => {
            field.ref(area);
            element.current = area;
          }}
          rows={5}
          onFocus={() => {
            wasFocused.current = true;
          }}
          maxLength={MAX_TEXT}
        />
      </Field>
      <div>
        <DropdownMenu
          entries={CANNED_VARIABLES.map((name) => ({
            id: name,
            label: t(`variables.${name.replace(".", "_")}`),
            hint: values[name] || t("variables.empty"),
            onSelect: () => insert(name),
          }))}
          // The focus goes back into the text, behind the variable.
          onCloseAutoFocus={(event) => {
            if (inserted.current === null || !element.current) return;
            event.preventDefault();
            element.current.focus();
            element.current.setSelectionRange(inserted.current, inserted.current);
            inserted.current = null;
          }}
          trigger={
            <Button size="small">
              <Braces aria-hidden className="size-3.5" />
              {t("form.insert")}
            </Button>
          }
        />
      </div>
      {preview.trim() && (
        <section aria-label={t("form.preview")} className="flex flex-col gap-1">
          <p className="text-meta text-text-3">{t("form.preview_hint")}</p>
          <div className="max-h-48 overflow-y-auto rounded-bubble bg-bubble-out px-3 py-1.5">
            <FormattedText text={preview} />
          </div>
        </section>
      )}
    </div>
  );
}

/** An invented customer, and who writes. */
function useExamples(): VariableValues {
  const { t } = useTranslation("canned");
  const user = useCurrentUser();
  const chosen = useWatch<CannedValues, "team">({ name: "team" });
  const team = useTeamName(chosen ?? user.teams[0]);
  return {
    contact: t("examples.contact"),
    phone: "5581999990000",
    agent: user.name,
    team: team ?? t("examples.team"),
    protocol: "2026120100042",
    now: new Date(),
  };
}

import { useController, useFormContext } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Switch } from "@/shared/ui/form/switch";
import type { AlertValues } from "../model/alert-form";
import { useFieldProblem } from "./use-field-problem";

/** The time in which nobody is told. */
export function QuietFields() {
  const { t } = useTranslation("alerts");
  const { register } = useFormContext<AlertValues>();
  const problemOf = useFieldProblem();
  const { field } = useController<AlertValues, "isQuiet">({ name: "isQuiet" });
  return (
    <div className="flex flex-col gap-3">
      <Switch
        label={t("form.quiet")}
        hint={t("form.quiet_hint")}
        checked={field.value}
        onCheckedChange={field.onChange}
      />
      {field.value && (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("form.quiet_from")} error={problemOf("quietFrom")}>
            <Input type="time" {...register("quietFrom")} />
          </Field>
          <Field label={t("form.quiet_until")} error={problemOf("quietUntil")}>
            <Input type="time" {...register("quietUntil")} />
          </Field>
        </div>
      )}
    </div>
  );
}

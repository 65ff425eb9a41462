import { useController, useFormContext } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { Field } from "@/shared/ui/form/field";
import { Input, Textarea } from "@/shared/ui/form/input";
import { Switch } from "@/shared/ui/form/switch";
import { DAYS, INTERESTS, MAX_TEXT, type RuleValues } from "../model/rule-form";
import { AttemptFields } from "./attempt-fields";
import { useFieldProblem } from "./use-field-problem";

const NUMBERS = ["perDay", "channelPerDay", "windowDays", "againDays", "complaintDays"] as const;

/** The whole rule. */
export function RuleFields() {
  const { t } = useTranslation("follow-ups");
  const { register } = useFormContext<RuleValues>();
  const problemOf = useFieldProblem();
  return (
    <div className="flex flex-col gap-4">
      <Toggle name="isEnabled" />
      <Choice name="interests" values={INTERESTS} labels="interests" />
      <AttemptFields />
      <Choice name="days" values={DAYS} labels="days" />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("form.from")} error={problemOf("from")} required>
          <Input inputMode="numeric" autoComplete="off" {...register("from")} />
        </Field>
        <Field label={t("form.until")} error={problemOf("until")} required>
          <Input inputMode="numeric" autoComplete="off" {...register("until")} />
        </Field>
      </div>
      <Toggle name="isOnHolidays" />
      <div className="grid gap-4 sm:grid-cols-2">
        {NUMBERS.map((name) => (
          <Field
            key={name}
            label={t(`form.${name}`)}
            hint={t(`form.${name}_hint`)}
            error={problemOf(name)}
            required
          >
            <Input inputMode="numeric" autoComplete="off" {...register(name)} />
          </Field>
        ))}
      </div>
      <Toggle name="isAfterPeople" />
      <Field label={t("form.labels")} hint={t("form.labels_hint")} error={problemOf("labels")}>
        <Input autoComplete="off" {...register("labels")} />
      </Field>
      <Field
        label={t("form.optOutText")}
        hint={t("form.optOutText_hint")}
        error={problemOf("optOutText")}
        required
      >
        <Textarea rows={2} maxLength={MAX_TEXT} {...register("optOutText")} />
      </Field>
    </div>
  );
}

function Toggle({ name }: { name: "isEnabled" | "isOnHolidays" | "isAfterPeople" }) {
  const { t } = useTranslation("follow-ups");
  const { field } = useController<RuleValues, typeof name>({ name });
  return (
    <Switch
      label={t(`form.${name}`)}
      hint={t(`form.${name}_hint`)}
      checked={field.value}
      onCheckedChange={field.onChange}
    />
  );
}

interface ChoiceProps {
  name: "interests" | "days";
  values: readonly string[];
  /** The key of the values' names. */
  labels: "interests" | "days";
}

/** At least one is chosen. */
function Choice({ name, values, labels }: ChoiceProps) {
  const { t } = useTranslation("follow-ups");
  const problem = useFieldProblem()(name);
  const { field } = useController<RuleValues, typeof name>({ name });
  const chosen: readonly string[] = field.value;
  const toggle = (value: string) =>
    field.onChange(
      values.filter((each) => (each === value ? !chosen.includes(each) : chosen.includes(each))),
    );
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="pb-1 font-medium text-list">{t(`form.${name}`)}</legend>
      <div className="flex flex-wrap gap-x-4">
        {values.map((value) => (
          <Checkbox
            key={value}
            label={t(`${labels}.${value}`)}
            checked={chosen.includes(value)}
            onCheckedChange={() => toggle(value)}
          />
        ))}
      </div>
      {problem && (
        <p role="alert" className="text-danger text-meta">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

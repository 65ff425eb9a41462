import { useController, useFormContext } from "react-hook-form";
import { useTeams } from "@/shared/api/colleagues";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Switch } from "@/shared/ui/form/switch";
import {
  MAX_NAME,
  type PolicyField,
  type PolicyValues,
  PRIORITIES,
  TARGETS,
} from "../model/policy-form";

/** The sentence for what is wrong with a field. */
function useFieldProblem(): (field: PolicyField) => string | undefined {
  const { t } = useTranslation("sla");
  const { formState } = useFormContext<PolicyValues>();
  return (field) => {
    const message = formState.errors[field]?.message;
    return message && t(`problems.${message}`, { defaultValue: t("problems.refused") });
  };
}

/** For which conversations a policy is, and what it promises. */
export function PolicyFields() {
  const { t } = useTranslation("sla");
  const { register } = useFormContext<PolicyValues>();
  const problemOf = useFieldProblem();
  const teams = useTeams();
  const priorities = PRIORITIES.map((value) => ({ value, label: t(`shared:priority.${value}`) }));
  return (
    <div className="flex flex-col gap-4">
      <Field label={t("form.name")} error={problemOf("name")} required>
        <Input maxLength={MAX_NAME} autoComplete="off" {...register("name")} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-3">
        {TARGETS.map((target) => (
          <Field key={target} label={t(`form.${target}`)} error={problemOf(target)}>
            <Input inputMode="decimal" autoComplete="off" {...register(target)} />
          </Field>
        ))}
      </div>
      <p className="text-meta text-text-3">{t("form.targets_hint")}</p>
      <Choice
        name="teams"
        label={t("form.teams")}
        options={teams.map(({ slug, name }) => ({ value: slug, label: name }))}
      />
      <Choice name="priorities" label={t("form.priorities")} options={priorities} />
      <Field label={t("form.labels")} hint={t("form.labels_hint")} error={problemOf("labels")}>
        <Input autoComplete="off" {...register("labels")} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("form.warn")} hint={t("form.warn_hint")} error={problemOf("warn")} required>
          <Input inputMode="numeric" autoComplete="off" {...register("warn")} />
        </Field>
        <Field
          label={t("form.position")}
          hint={t("form.position_hint")}
          error={problemOf("position")}
          required
        >
          <Input inputMode="numeric" autoComplete="off" {...register("position")} />
        </Field>
      </div>
      <Toggle
        name="isBusinessHours"
        label={t("form.business_hours")}
        hint={t("form.business_hours_hint")}
      />
      <Toggle name="isEnabled" label={t("form.enabled")} hint={t("form.enabled_hint")} />
    </div>
  );
}

interface ChoiceProps {
  name: "teams" | "priorities";
  label: string;
  options: readonly { value: string; label: string }[];
}

/** None chosen means all of them. */
function Choice({ name, label, options }: ChoiceProps) {
  const { t } = useTranslation("sla");
  const problem = useFieldProblem()(name);
  const { field } = useController<PolicyValues, typeof name>({ name });
  const chosen: readonly string[] = field.value;
  const toggle = (value: string) =>
    field.onChange(
      chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value],
    );
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="pb-1 font-medium text-list">{label}</legend>
      <div className="flex flex-wrap gap-x-4">
        {options.map(({ value, label: name }) => (
          <Checkbox
            key={value}
            label={name}
            checked={chosen.includes(value)}
            onCheckedChange={() => toggle(value)}
          />
        ))}
      </div>
      <p className="text-meta text-text-3">{t("form.all_hint")}</p>
      {problem && (
        <p role="alert" className="text-danger text-meta">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

interface ToggleProps {
  name: "isBusinessHours" | "isEnabled";
  label: string;
  hint: string;
}

function Toggle({ name, label, hint }: ToggleProps) {
  const { field } = useController<PolicyValues, typeof name>({ name });
  return (
    <Switch label={label} hint={hint} checked={field.value} onCheckedChange={field.onChange} />
  );
}

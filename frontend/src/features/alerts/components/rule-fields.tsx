import { useController, useFormContext, useWatch } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { Switch } from "@/shared/ui/form/switch";
import { type AlertValues, isWindowed, kindValues, MAX_NAME } from "../model/alert-form";
import { ALERT_KINDS, KIND_NAMES } from "../model/alert-kinds";
import { QuietFields } from "./quiet-fields";
import { TeamField } from "./team-field";
import { useFieldProblem } from "./use-field-problem";

/** What a rule measures, when it alerts, and whom it tells. */
export function RuleFields() {
  const { t } = useTranslation("alerts");
  const { register, control } = useFormContext<AlertValues>();
  const problemOf = useFieldProblem();
  const kind = useWatch<AlertValues, "kind">({ name: "kind" });
  const { field: active } = useController<AlertValues, "isActive">({ name: "isActive", control });
  return (
    <div className="flex flex-col gap-4">
      <Field label={t("form.name")} error={problemOf("name")} required>
        <Input maxLength={MAX_NAME} autoComplete="off" {...register("name")} />
      </Field>
      <KindField />
      <LimitFields />
      {ALERT_KINDS[kind].isByTeam && <TeamField />}
      <Field label={t("form.emails")} hint={t("form.emails_hint")} error={problemOf("emails")}>
        <Input autoComplete="off" spellCheck={false} {...register("emails")} />
      </Field>
      <Field label={t("form.webhook")} hint={t("form.webhook_hint")} error={problemOf("webhook")}>
        <Input
          autoComplete="off"
          spellCheck={false}
          placeholder="https://"
          {...register("webhook")}
        />
      </Field>
      <QuietFields />
      <Switch
        label={t("form.active")}
        hint={t("form.active_hint")}
        checked={active.value}
        onCheckedChange={active.onChange}
      />
    </div>
  );
}

/** Another kind starts with values of its own. */
function KindField() {
  const { t } = useTranslation("alerts");
  const { setValue, clearErrors } = useFormContext<AlertValues>();
  const { field } = useController<AlertValues, "kind">({ name: "kind" });
  return (
    <Field label={t("form.kind")} hint={t(`hints.${field.value}`)}>
      <Select
        value={field.value}
        onChange={(kind) => {
          field.onChange(kind);
          clearErrors();
          for (const [name, value] of Object.entries(kindValues(kind))) {
            setValue(name as "threshold", value as string, { shouldDirty: true });
          }
        }}
        options={KIND_NAMES.map((value) => ({ value, label: t(`kinds.${value}`) }))}
      />
    </Field>
  );
}

function LimitFields() {
  const { t } = useTranslation("alerts");
  const { register } = useFormContext<AlertValues>();
  const problemOf = useFieldProblem();
  const kind = useWatch<AlertValues, "kind">({ name: "kind" });
  const side = ALERT_KINDS[kind].isBelow ? "below" : "above";
  const unit = t(`units.${kind}`);
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label={t(`form.threshold_${side}`, { unit })} error={problemOf("threshold")} required>
        <Input inputMode="decimal" autoComplete="off" {...register("threshold")} />
      </Field>
      <Field label={t(`form.clear_${side}`, { unit })} error={problemOf("clear")} required>
        <Input inputMode="decimal" autoComplete="off" {...register("clear")} />
      </Field>
      <Field label={t("form.hold")} hint={t("form.hold_hint")} error={problemOf("hold")} required>
        <Input inputMode="numeric" autoComplete="off" {...register("hold")} />
      </Field>
      {isWindowed(kind) && (
        <Field
          label={t("form.window")}
          hint={t("form.window_hint")}
          error={problemOf("window")}
          required
        >
          <Input inputMode="numeric" autoComplete="off" {...register("window")} />
        </Field>
      )}
    </div>
  );
}

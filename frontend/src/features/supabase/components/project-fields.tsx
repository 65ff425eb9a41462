import { useController, useFormContext } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { Switch } from "@/shared/ui/form/switch";
import { MESSAGE_POLICIES, type MirrorField, type MirrorValues } from "../model/mirror-form";
import type { MirrorSettings } from "../model/queries";

/** The sentence for what is wrong with a field. */
function useFieldProblem(): (field: MirrorField) => string | undefined {
  const { t } = useTranslation("supabase");
  const { formState } = useFormContext<MirrorValues>();
  return (field) => {
    const message = formState.errors[field]?.message;
    return message && t(`problems.${message}`);
  };
}

export function ProjectFields({ settings }: { settings: MirrorSettings }) {
  const { t } = useTranslation("supabase");
  const { register } = useFormContext<MirrorValues>();
  const problemOf = useFieldProblem();
  const { field: enabled } = useController<MirrorValues, "isEnabled">({ name: "isEnabled" });
  return (
    <>
      <Switch
        label={t("form.enabled")}
        hint={t("form.enabled_hint")}
        checked={enabled.value}
        onCheckedChange={enabled.onChange}
      />
      <Field
        label={t("form.url")}
        hint={t(settings.has_installation_project ? "form.url_hint_common" : "form.url_hint")}
        error={problemOf("url")}
      >
        <Input
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="https://abcdefghijklmnopqrst.supabase.co"
          {...register("url")}
        />
      </Field>
      <Field label={t("form.key")} hint={<KeyHint settings={settings} />} error={problemOf("key")}>
        <Input
          type="password"
          autoComplete="new-password"
          spellCheck={false}
          placeholder="sb_secret_…"
          {...register("key")}
        />
      </Field>
      <Field
        label={t("form.publishable_key")}
        hint={t("form.publishable_key_hint")}
        error={problemOf("publishableKey")}
      >
        <Input
          autoComplete="off"
          spellCheck={false}
          placeholder="sb_publishable_…"
          {...register("publishableKey")}
        />
      </Field>
      <MessagesField />
      <JwtSecretField hasSecret={settings.has_jwt_secret} />
    </>
  );
}

function KeyHint({ settings }: { settings: MirrorSettings }) {
  const { t } = useTranslation("supabase");
  if (settings.key_hint === null) return t("form.key_hint");
  if (settings.key_hint === "") return t("form.key_lost");
  return t("form.key_saved", { end: settings.key_hint });
}

/** Says plainly what leaves the house. */
function MessagesField() {
  const { t } = useTranslation("supabase");
  const { field } = useController<MirrorValues, "messages">({ name: "messages" });
  return (
    <div className="flex flex-col gap-1">
      <Field label={t("form.messages")} hint={t(`policies.${field.value}_text`)}>
        <Select
          value={field.value}
          onChange={field.onChange}
          options={MESSAGE_POLICIES.map((value) => ({ value, label: t(`policies.${value}`) }))}
        />
      </Field>
      <p className="text-meta text-text-3">{t("form.always")}</p>
    </div>
  );
}

function JwtSecretField({ hasSecret }: { hasSecret: boolean }) {
  const { t } = useTranslation("supabase");
  const { register } = useFormContext<MirrorValues>();
  const problemOf = useFieldProblem();
  const { field: removes } = useController<MirrorValues, "removesJwtSecret">({
    name: "removesJwtSecret",
  });
  return (
    <div className="flex flex-col gap-2">
      <Field
        label={t("form.jwt_secret")}
        hint={t(hasSecret ? "form.jwt_secret_saved" : "form.jwt_secret_hint")}
        error={problemOf("jwtSecret")}
      >
        <Input
          type="password"
          autoComplete="new-password"
          spellCheck={false}
          {...register("jwtSecret")}
        />
      </Field>
      {hasSecret && (
        <Checkbox
          label={t("form.jwt_secret_remove")}
          checked={removes.value}
          onCheckedChange={(checked) => removes.onChange(checked === true)}
        />
      )}
    </div>
  );
}

import { useController, useFormContext, useWatch } from "react-hook-form";
import { useTeams } from "@/shared/api/colleagues";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Combobox } from "@/shared/ui/form/combobox";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { SCOPES } from "../model/canned-filter";
import { type CannedField, type CannedValues, MAX_TITLE, toShortcut } from "../model/canned-form";
import { FilesField } from "./files-field";
import { TextField } from "./text-field";

interface CannedFieldsProps {
  /** The response whose files can be shown; null for a new one. */
  responseId: string | null;
  onUploading: (isUploading: boolean) => void;
}

export function CannedFields({ responseId, onUploading }: CannedFieldsProps) {
  const { t } = useTranslation("canned");
  const { register } = useFormContext<CannedValues>();
  const problemOf = useProblems();
  return (
    <div className="flex flex-col gap-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <ShortcutField error={problemOf("shortcut")} />
        <Field label={t("form.title")} hint={t("form.title_hint")} error={problemOf("title")}>
          <Input maxLength={MAX_TITLE} autoComplete="off" {...register("title")} />
        </Field>
      </div>
      <TextField error={problemOf("text")} />
      <FilesField responseId={responseId} error={problemOf("files")} onUploading={onUploading} />
      <ScopeFields />
    </div>
  );
}

/** The sentence for what is wrong with a field. */
function useProblems(): (field: CannedField) => string | undefined {
  const { t } = useTranslation("canned");
  const { formState } = useFormContext<CannedValues>();
  return (field) => {
    const message = formState.errors[field]?.message;
    return message && t(`problems.${message}`, { defaultValue: t("problems.refused") });
  };
}

function ShortcutField({ error }: { error: string | undefined }) {
  const { t } = useTranslation("canned");
  const { field } = useController<CannedValues, "shortcut">({ name: "shortcut" });
  return (
    <Field label={t("form.shortcut")} hint={t("form.shortcut_hint")} error={error}>
      <Input
        {...field}
        autoComplete="off"
        spellCheck={false}
        placeholder={t("form.shortcut_example")}
        onChange={(event) => field.onChange(toShortcut(event.target.value))}
        onBlur={() => {
          field.onChange(field.value.replace(/-+$/, ""));
          field.onBlur();
        }}
      />
    </Field>
  );
}

/** Who can use it. Without the permission to write for others it stays one's own. */
function ScopeFields() {
  const { t } = useTranslation("canned");
  const teams = useTeams();
  const problemOf = useProblems();
  const mayShare = may(useCurrentUser(), "canned:write");
  const { field: scope } = useController<CannedValues, "scope">({ name: "scope" });
  const { field: team } = useController<CannedValues, "team">({ name: "team" });
  const chosen = useWatch<CannedValues, "scope">({ name: "scope" });
  const options = SCOPES.filter((each) => mayShare || each === scope.value);
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field
        label={t("form.scope")}
        hint={mayShare ? undefined : t("form.scope_hint")}
        error={problemOf("scope")}
      >
        <Select
          value={scope.value}
          onChange={scope.onChange}
          options={options.map((value) => ({ value, label: t(`form.scopes.${value}`) }))}
        />
      </Field>
      {chosen === "team" && (
        <Field label={t("form.team")} error={problemOf("team")}>
          <Combobox
            label={t("form.team")}
            placeholder={t("form.choose_team")}
            options={teams.map(({ slug, name }) => ({ value: slug, label: name }))}
            value={team.value}
            onChange={team.onChange}
          />
        </Field>
      )}
    </div>
  );
}

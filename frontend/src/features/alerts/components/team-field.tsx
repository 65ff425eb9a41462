import { useController } from "react-hook-form";
import { useTeams } from "@/shared/api/colleagues";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Field } from "@/shared/ui/form/field";
import { Select } from "@/shared/ui/form/select";
import type { AlertValues } from "../model/alert-form";
import { useFieldProblem } from "./use-field-problem";

/** A slug cannot have a space. */
const ALL = " ";

export function TeamField() {
  const { t } = useTranslation("alerts");
  const teams = useTeams();
  const problemOf = useFieldProblem();
  const { field } = useController<AlertValues, "team">({ name: "team" });
  const options = teams.map(({ slug, name }) => ({ value: slug, label: name }));
  return (
    <Field label={t("form.team")} error={problemOf("team")}>
      <Select
        value={field.value ?? ALL}
        onChange={(value) => field.onChange(value === ALL ? null : value)}
        options={[{ value: ALL, label: t("form.all_teams") }, ...options]}
      />
    </Field>
  );
}

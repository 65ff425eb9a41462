import { useFormContext } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { AlertField, AlertValues } from "../model/alert-form";

/** The sentence for what is wrong with a field. */
export function useFieldProblem(): (field: AlertField) => string | undefined {
  const { t } = useTranslation("alerts");
  const { formState } = useFormContext<AlertValues>();
  return (field) => {
    const message = formState.errors[field]?.message;
    return message && t(`problems.${message}`, { defaultValue: t("problems.refused") });
  };
}

import { useFormContext } from "react-hook-form";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { RuleValues } from "../model/rule-form";

/** The sentence for what is wrong with a field, by its path. */
export function useFieldProblem(): (path: string) => string | undefined {
  const { t } = useTranslation("follow-ups");
  const { getFieldState, formState } = useFormContext<RuleValues>();
  return (path) => {
    const message = getFieldState(path as keyof RuleValues, formState).error?.message;
    return message && t(`problems.${message}`, { defaultValue: t("problems.refused") });
  };
}

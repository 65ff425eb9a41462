import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useId, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { type AlertRule, useSaveAlertRule } from "@/shared/alerts/queries";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { toast } from "@/shared/ui/feedback/toaster";
import { Dialog } from "@/shared/ui/overlay/dialog";
import {
  type AlertValues,
  alertSchema,
  fieldProblems,
  startValues,
  toContent,
} from "../model/alert-form";
import { RuleFields } from "./rule-fields";
import { SecretDialog } from "./secret-dialog";

interface RuleDialogProps {
  /** The rule to change; `null` creates one. */
  rule: AlertRule | null;
  onClose: () => void;
}

export function RuleDialog({ rule, onClose }: RuleDialogProps) {
  const { t } = useTranslation("alerts");
  const formId = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const form = useForm<AlertValues>({
    resolver: standardSchemaResolver(alertSchema),
    defaultValues: startValues(rule),
  });
  const save = useSaveAlertRule();
  const submit = async (values: AlertValues) => {
    setProblem(null);
    try {
      const saved = await save.mutateAsync({ content: toContent(values), base: rule });
      toast.done(t("saved", { name: saved.name }));
      if (saved.webhook_secret) setSecret(saved.webhook_secret);
      else onClose();
    } catch (error) {
      const problems = fieldProblems(error);
      for (const [field, message] of problems) form.setError(field, { message });
      if (problems.length > 0) return;
      const isStale = error instanceof ApiError && error.status === 412;
      setProblem(isStale ? t("conflict.text") : describeError(error, t));
    }
  };
  if (secret) return <SecretDialog secret={secret} onClose={onClose} />;
  return (
    <Dialog
      open
      width="wide"
      onOpenChange={(open) => !open && !save.isPending && onClose()}
      title={t(rule ? "form.title_edit" : "form.title_new")}
      footer={
        <>
          <Button disabled={save.isPending} onClick={onClose}>
            {t("shared:actions.cancel")}
          </Button>
          <Button type="submit" form={formId} variant="primary" disabled={save.isPending}>
            {t("shared:actions.save")}
          </Button>
        </>
      }
    >
      {problem && (
        <Banner live tone="danger" className="mb-3 rounded-control">
          {problem}
        </Banner>
      )}
      <FormProvider {...form}>
        <form id={formId} noValidate onSubmit={form.handleSubmit(submit)}>
          <RuleFields />
        </form>
      </FormProvider>
    </Dialog>
  );
}

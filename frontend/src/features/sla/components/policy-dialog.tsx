import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useId, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type SlaPolicy, useSaveSlaPolicy } from "@/shared/sla/queries";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { toast } from "@/shared/ui/feedback/toaster";
import { Dialog } from "@/shared/ui/overlay/dialog";
import {
  fieldProblems,
  type PolicyValues,
  policySchema,
  startValues,
  toContent,
} from "../model/policy-form";
import { PolicyFields } from "./policy-fields";

interface PolicyDialogProps {
  /** The policy to change; `null` creates one. */
  policy: SlaPolicy | null;
  onClose: () => void;
}

export function PolicyDialog({ policy, onClose }: PolicyDialogProps) {
  const { t } = useTranslation("sla");
  const formId = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const form = useForm<PolicyValues>({
    resolver: standardSchemaResolver(policySchema),
    defaultValues: startValues(policy),
  });
  const save = useSaveSlaPolicy();
  const submit = async (values: PolicyValues) => {
    setProblem(null);
    try {
      const saved = await save.mutateAsync({ content: toContent(values), base: policy });
      toast.done(t("saved", { name: saved.name }));
      onClose();
    } catch (error) {
      const problems = fieldProblems(error);
      for (const [field, message] of problems) form.setError(field, { message });
      if (problems.length > 0) return;
      const isStale = error instanceof ApiError && error.status === 412;
      setProblem(isStale ? t("conflict.text") : describeError(error, t));
    }
  };
  return (
    <Dialog
      open
      width="wide"
      onOpenChange={(open) => !open && !save.isPending && onClose()}
      title={t(policy ? "form.title_edit" : "form.title_new")}
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
          <PolicyFields />
        </form>
      </FormProvider>
    </Dialog>
  );
}

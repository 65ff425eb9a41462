import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { Dialog } from "@/shared/ui/overlay/dialog";
import {
  type RuleValues,
  refusedFields,
  ruleSchema,
  startValues,
  toRule,
} from "../model/rule-form";
import { type RuleVersion, ruleQuery, useSaveRule } from "../queries";
import { RuleFields } from "./rule-fields";

/** When customers are written to, and with which texts. */
export function RuleDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("follow-ups");
  const { data, error, refetch } = useQuery(ruleQuery);
  if (data) return <RuleForm version={data} onClose={onClose} />;
  return (
    <Dialog
      open
      width="wide"
      title={t("rule.title")}
      onOpenChange={(open) => !open && onClose()}
      footer={<Button onClick={onClose}>{t("shared:actions.cancel")}</Button>}
    >
      {error ? (
        <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
      ) : (
        <SkeletonRows count={4} height={48} label={t("loading")} />
      )}
    </Dialog>
  );
}

/** The form keeps the version that it began with, also if the rule is fetched again. */
function RuleForm({ version, onClose }: { version: RuleVersion; onClose: () => void }) {
  const { t } = useTranslation("follow-ups");
  const mayWrite = may(useCurrentUser(), "settings:write");
  const formId = useId();
  const [base] = useState(version);
  const [problem, setProblem] = useState<string | null>(null);
  const form = useForm<RuleValues>({
    resolver: standardSchemaResolver(ruleSchema),
    defaultValues: startValues(base.rule),
  });
  const save = useSaveRule();
  const submit = async (values: RuleValues) => {
    setProblem(null);
    try {
      await save.mutateAsync({ rule: toRule(values), etag: base.etag });
      toast.done(t("rule.saved"));
      onClose();
    } catch (error) {
      const refused = refusedFields(error);
      for (const field of refused) form.setError(field, { message: "refused" });
      if (refused.length > 0) return;
      const isStale = error instanceof ApiError && error.status === 412;
      setProblem(isStale ? t("rule.conflict") : describeError(error, t));
    }
  };
  return (
    <Dialog
      open
      width="wide"
      onOpenChange={(open) => !open && !save.isPending && onClose()}
      title={t("rule.title")}
      footer={
        <>
          <Button disabled={save.isPending} onClick={onClose}>
            {t("shared:actions.cancel")}
          </Button>
          {mayWrite && (
            <Button type="submit" form={formId} variant="primary" disabled={save.isPending}>
              {t("shared:actions.save")}
            </Button>
          )}
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
          <fieldset disabled={!mayWrite} className="contents">
            <RuleFields />
          </fieldset>
        </form>
      </FormProvider>
    </Dialog>
  );
}

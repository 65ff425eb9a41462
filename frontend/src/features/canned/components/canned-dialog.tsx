import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useId, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { ApiError } from "@/shared/api/problem";
import type { CannedEdit } from "@/shared/canned/editor-request";
import { type CannedResponse, fetchCannedResponse, useSaveCanned } from "@/shared/canned/queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { toast } from "@/shared/ui/feedback/toaster";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { Dialog } from "@/shared/ui/overlay/dialog";
import {
  type CannedValues,
  cannedSchema,
  fieldProblems,
  startValues,
  toContent,
  valuesOf,
} from "../model/canned-form";
import { CannedFields } from "./canned-fields";
import { type SaveProblem, SaveProblemBanner } from "./save-problem-banner";

interface CannedDialogProps {
  edit: CannedEdit;
  onClose: () => void;
}

/** Creates a canned response, or changes one. */
export default function CannedDialog({ edit, onClose }: CannedDialogProps) {
  const { t } = useTranslation("canned");
  const formId = useId();
  const [base, setBase] = useState<CannedResponse | null>(
    "response" in edit ? edit.response : null,
  );
  const [problem, setProblem] = useState<SaveProblem | null>(null);
  const [isUploading, setUploading] = useState(false);
  const form = useForm<CannedValues>({
    resolver: standardSchemaResolver(cannedSchema),
    defaultValues: startValues(edit),
  });
  const save = useSaveCanned();
  const { isDirty } = form.formState;
  const [isAsking, setAsking] = useState(false);
  const close = () => {
    if (save.isPending) return;
    if (isDirty) setAsking(true);
    else onClose();
  };
  const submit = async (values: CannedValues) => {
    setProblem(null);
    try {
      const saved = await save.mutateAsync({ content: toContent(values), base });
      toast.done(t("saved", { shortcut: saved.shortcut }));
      onClose();
    } catch (error) {
      const problems = fieldProblems(error);
      for (const [field, message] of problems) form.setError(field, { message });
      const status = error instanceof ApiError ? error.status : 0;
      if (status === 412) setProblem("changed");
      else if (status === 404 && base) setProblem("gone");
      else if (problems.length === 0) setProblem({ error });
    }
  };
  const reload = async () => {
    if (!base) return;
    try {
      const current = await fetchCannedResponse(base.id);
      setBase(current);
      form.reset(valuesOf(current));
      setProblem(null);
    } catch (error) {
      const isGone = error instanceof ApiError && error.status === 404;
      setProblem(isGone ? "gone" : { error });
    }
  };
  const isBusy = save.isPending || isUploading;
  return (
    <Dialog
      open
      width="wide"
      onOpenChange={(open) => !open && close()}
      title={t(base ? "form.title_edit" : "form.title_new")}
      footer={
        <>
          <Button disabled={save.isPending} onClick={close}>
            {t("shared:actions.cancel")}
          </Button>
          <Button type="submit" form={formId} variant="primary" disabled={isBusy}>
            {t("shared:actions.save")}
          </Button>
        </>
      }
    >
      {problem && (
        <SaveProblemBanner
          problem={problem}
          onReload={() => void reload()}
          onCreate={() => {
            setBase(null);
            setProblem(null);
          }}
        />
      )}
      <FormProvider {...form}>
        <form
          id={formId}
          noValidate
          onSubmit={(event) => {
            // The dialog may stand inside another form of the page.
            event.stopPropagation();
            void form.handleSubmit(submit)(event);
          }}
        >
          <CannedFields responseId={base?.id ?? null} onUploading={setUploading} />
        </form>
      </FormProvider>
      <ConfirmDialog
        open={isAsking}
        onOpenChange={setAsking}
        title={t("discard.title")}
        description={t("discard.text")}
        confirmLabel={t("discard.confirm")}
        danger
        onConfirm={onClose}
      />
    </Dialog>
  );
}

import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { describeError } from "@/shared/api/describe-error";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { toast } from "@/shared/ui/feedback/toaster";
import {
  fieldProblems,
  type MirrorValues,
  mirrorSchema,
  startValues,
  toContent,
} from "../model/mirror-form";
import { type MirrorSettings, useSaveMirrorSettings } from "../model/queries";
import { IssuerHint } from "./issuer-hint";
import { Panel } from "./panel";
import { ProjectFields } from "./project-fields";
import { ProjectTest } from "./project-test";

interface ProjectPanelProps {
  settings: MirrorSettings;
  mayWrite: boolean;
}

export function ProjectPanel({ settings, mayWrite }: ProjectPanelProps) {
  const { t } = useTranslation("supabase");
  const [problem, setProblem] = useState<string | null>(null);
  const form = useForm<MirrorValues>({
    resolver: standardSchemaResolver(mirrorSchema),
    defaultValues: startValues(settings),
  });
  const save = useSaveMirrorSettings();
  const submit = async (values: MirrorValues) => {
    setProblem(null);
    try {
      const saved = await save.mutateAsync(toContent(values));
      form.reset(startValues(saved));
      toast.done(t("form.saved"));
    } catch (error) {
      const problems = fieldProblems(error);
      for (const [field, message] of problems) form.setError(field, { message });
      if (problems.length === 0) setProblem(describeError(error, t));
    }
  };
  const hasProject = settings.enabled && Boolean(settings.url ?? settings.has_installation_project);
  return (
    <Panel title={t("form.title")}>
      {problem && (
        <Banner live tone="danger" className="rounded-control">
          {problem}
        </Banner>
      )}
      <FormProvider {...form}>
        <form noValidate onSubmit={form.handleSubmit(submit)}>
          <fieldset disabled={!mayWrite} className="flex min-w-0 flex-col gap-4">
            <legend className="sr-only">{t("form.title")}</legend>
            <ProjectFields settings={settings} />
            {mayWrite && (
              <Button
                type="submit"
                variant="primary"
                disabled={save.isPending}
                className="self-start"
              >
                {t("shared:actions.save")}
              </Button>
            )}
          </fieldset>
        </form>
      </FormProvider>
      <IssuerHint issuer={settings.issuer} />
      {mayWrite && <ProjectTest hasProject={hasProject} isDirty={form.formState.isDirty} />}
    </Panel>
  );
}

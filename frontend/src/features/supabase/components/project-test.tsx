import { CircleAlert, CircleCheck, CircleDashed, PlugZap } from "lucide-react";
import { describeError } from "@/shared/api/describe-error";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { type ProjectCheck, useProjectTest } from "../model/queries";

interface ProjectTestProps {
  hasProject: boolean;
  /** Whether the form has changes that are not saved: the test tries what is saved. */
  isDirty: boolean;
}

export function ProjectTest({ hasProject, isDirty }: ProjectTestProps) {
  const { t } = useTranslation("supabase");
  const { mutate, data, error, isPending } = useProjectTest();
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium text-list">{t("test.title")}</h3>
      <p className="text-meta text-text-3">{t("test.text")}</p>
      <div className="flex flex-wrap items-center gap-2">
        <Button disabled={!hasProject || isDirty || isPending} onClick={() => mutate()}>
          <PlugZap aria-hidden className="size-4" />
          {t(isPending ? "test.running" : "test.start")}
        </Button>
        {isDirty && <span className="text-meta text-text-3">{t("test.save_first")}</span>}
      </div>
      <div aria-live="polite">
        {error && (
          <Banner tone="danger" className="rounded-control">
            {describeError(error, t)}
          </Banner>
        )}
        {data && !isPending && (
          <ul aria-label={t("test.results")} className="flex flex-col gap-2">
            {data.map((check) => (
              <CheckRow key={check.name} check={check} />
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

function CheckRow({ check }: { check: ProjectCheck }) {
  const { t } = useTranslation("supabase");
  const state = check.ok === null ? "skipped" : check.ok ? "passed" : "failed";
  const Icon = { passed: CircleCheck, failed: CircleAlert, skipped: CircleDashed }[state];
  const colour = { passed: "text-ok", failed: "text-danger", skipped: "text-text-3" }[state];
  return (
    <li className="flex items-start gap-2 text-list">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${colour}`} />
      <span className="min-w-0">
        {t(`checks.${check.name}`)}: {t(`test.${state}`)}
        {check.ok === false && (
          <span className="block break-words text-meta text-text-2">
            {t(`failures.${check.code}`, { defaultValue: check.detail })}
          </span>
        )}
      </span>
    </li>
  );
}

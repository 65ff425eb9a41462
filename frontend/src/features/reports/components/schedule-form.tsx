import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useState } from "react";
import { Controller, useForm } from "react-hook-form";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ReportRequest } from "@/shared/metrics/report-queries";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { toast } from "@/shared/ui/feedback/toaster";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import {
  CADENCES,
  FILE_FORMATS,
  MAX_NAME,
  type ScheduleField,
  type ScheduleValues,
  scheduleContent,
  scheduledPart,
  scheduleSchema,
  scheduleValues,
} from "../model/schedule-form";
import { type ReportSchedule, useSaveSchedule } from "../queries";

const HOURS = Array.from({ length: 24 }, (_, hour) => ({
  value: String(hour),
  label: `${String(hour).padStart(2, "0")}:00`,
}));

interface ScheduleFormProps {
  request: ReportRequest;
  name: string;
  /** The schedule to change, which keeps its report; `null` creates one of the shown report. */
  edited: ReportSchedule | null;
  onDone: () => void;
}

export function ScheduleForm({ request, name, edited, onDone }: ScheduleFormProps) {
  const { t, language } = useTranslation("reports");
  const [problem, setProblem] = useState<string | null>(null);
  const { control, register, handleSubmit, formState, reset } = useForm<ScheduleValues>({
    resolver: standardSchemaResolver(scheduleSchema),
    defaultValues: scheduleValues(edited, name),
  });
  const save = useSaveSchedule();
  const problemOf = (field: ScheduleField) => {
    const message = formState.errors[field]?.message;
    return message && t(`schedules.problems.${message}`);
  };
  const submit = async (values: ScheduleValues) => {
    setProblem(null);
    try {
      const content = scheduleContent(values, edited ?? scheduledPart(request, language));
      const saved = await save.mutateAsync({ content, base: edited });
      toast.done(t("schedules.saved", { name: saved.name }));
      reset(scheduleValues(null, name));
      onDone();
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 412;
      setProblem(isStale ? t("schedules.stale") : describeError(error, t));
    }
  };
  return (
    <form noValidate className="flex flex-col gap-4" onSubmit={handleSubmit(submit)}>
      {problem && (
        <Banner live tone="danger" className="rounded-control">
          {problem}
        </Banner>
      )}
      <p className="text-list text-text-2">{t("schedules.intro")}</p>
      <Field label={t("schedules.name")} error={problemOf("name")} required>
        <Input maxLength={MAX_NAME} autoComplete="off" {...register("name")} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-3">
        <Controller
          control={control}
          name="cadence"
          render={({ field }) => (
            <Field label={t("schedules.cadence")}>
              <Select
                value={field.value}
                onChange={field.onChange}
                options={CADENCES.map((value) => ({
                  value,
                  label: t(`schedules.cadences.${value}`),
                }))}
              />
            </Field>
          )}
        />
        <Controller
          control={control}
          name="hour"
          render={({ field }) => (
            <Field label={t("schedules.hour")}>
              <Select value={field.value} onChange={field.onChange} options={HOURS} />
            </Field>
          )}
        />
        <Controller
          control={control}
          name="fileFormat"
          render={({ field }) => (
            <Field label={t("schedules.format")}>
              <Select
                value={field.value}
                onChange={field.onChange}
                options={FILE_FORMATS.map((value) => ({ value, label: t(`download.${value}`) }))}
              />
            </Field>
          )}
        />
      </div>
      <Field
        label={t("schedules.recipients")}
        hint={t("schedules.recipients_hint")}
        error={problemOf("recipients")}
        required
      >
        <Input autoComplete="off" spellCheck={false} {...register("recipients")} />
      </Field>
      <div className="flex justify-end gap-2">
        {edited && <Button onClick={onDone}>{t("shared:actions.cancel")}</Button>}
        <Button type="submit" variant="primary" disabled={save.isPending}>
          {t(edited ? "shared:actions.save" : "schedules.create")}
        </Button>
      </div>
    </form>
  );
}

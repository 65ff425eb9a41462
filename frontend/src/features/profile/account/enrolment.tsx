import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, unwrap } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Skeleton } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { QrCode } from "./qr-code";

interface EnrolmentProps {
  onDone: (recoveryCodes: readonly string[]) => void;
  onCancel: () => void;
}

/** Shows the secret as a QR code and asks for the first code of the app. */
export function Enrolment({ onDone, onCancel }: EnrolmentProps) {
  const { t } = useTranslation("profile");
  const enrolment = useQuery({
    queryKey: ["auth", "enrolment"],
    queryFn: () => unwrap(api.POST("/auth/second-factor")),
    staleTime: Number.POSITIVE_INFINITY, // another request would make this QR code invalid
    gcTime: 0,
    retry: false,
  });
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: (digits: string) =>
      unwrap(api.POST("/auth/second-factor/confirm", { body: { code: digits } })),
    onSuccess: (answer) => onDone(answer.recovery_codes),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const digits = code.replace(/\D/g, "");
    if (digits) confirm.mutate(digits);
  };
  if (enrolment.isError) {
    return <ErrorState error={enrolment.error} onRetry={() => void enrolment.refetch()} />;
  }
  const isWrong = confirm.error instanceof ApiError && confirm.error.code === "wrong_code";
  const problem = isWrong ? t("second_factor.wrong") : describeError(confirm.error, t);
  return (
    <form className="flex flex-col gap-4" onSubmit={submit}>
      <p className="text-list text-text-2">{t("second_factor.scan")}</p>
      <div className="flex flex-wrap items-start gap-4">
        {enrolment.data ? (
          <QrCode text={enrolment.data.otpauth_uri} label={t("second_factor.qr")} />
        ) : (
          <Skeleton className="size-44" />
        )}
        <div className="flex min-w-0 flex-1 basis-48 flex-col gap-1">
          <span className="text-list text-text-2">{t("second_factor.type")}</span>
          <code className="select-all break-all font-mono text-list">
            {enrolment.data?.secret.replace(/(.{4})/g, "$1 ")}
          </code>
        </div>
      </div>
      <Field label={t("second_factor.code")} error={confirm.isError && problem}>
        <Input
          value={code}
          onChange={(event) => setCode(event.target.value)}
          inputMode="numeric"
          autoComplete="one-time-code"
          className="max-w-40 tabular-nums"
        />
      </Field>
      <div className="flex gap-2">
        <Button type="submit" variant="primary" disabled={!code || confirm.isPending}>
          {t("second_factor.confirm")}
        </Button>
        <Button variant="quiet" onClick={onCancel}>
          {t("shared:actions.cancel")}
        </Button>
      </div>
    </form>
  );
}

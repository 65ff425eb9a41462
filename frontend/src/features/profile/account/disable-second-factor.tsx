import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";

interface DisableSecondFactorProps {
  onDone: () => void;
  onCancel: () => void;
}

/** Asks for a code once more, so that nobody turns the second factor off on an unlocked screen. */
export function DisableSecondFactor({ onDone, onCancel }: DisableSecondFactorProps) {
  const { t } = useTranslation("profile");
  const [code, setCode] = useState("");
  const disable = useMutation({
    mutationFn: (text: string) => api.POST("/auth/second-factor/disable", { body: { code: text } }),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (code.trim()) disable.mutate(code.trim());
  };
  const isWrong = disable.error instanceof ApiError && disable.error.code === "wrong_code";
  const problem = isWrong ? t("second_factor.wrong") : describeError(disable.error, t);
  return (
    <form className="flex flex-col gap-4" onSubmit={submit}>
      <p className="text-list text-text-2">{t("second_factor.disable_text")}</p>
      <Field label={t("second_factor.any_code")} error={disable.isError && problem}>
        <Input
          value={code}
          onChange={(event) => setCode(event.target.value)}
          autoComplete="one-time-code"
          className="max-w-60"
        />
      </Field>
      <div className="flex gap-2">
        <Button type="submit" variant="danger" disabled={!code.trim() || disable.isPending}>
          {t("second_factor.disable")}
        </Button>
        <Button variant="quiet" onClick={onCancel}>
          {t("shared:actions.cancel")}
        </Button>
      </div>
    </form>
  );
}

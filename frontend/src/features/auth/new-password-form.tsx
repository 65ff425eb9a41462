import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { api } from "@/shared/api/client";
import { passwordProblem } from "@/shared/api/password-policy";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { PasswordInput } from "@/shared/ui/form/password-input";
import { SignInError, useWait } from "./sign-in-error";

const schema = z.object({ password: z.string(), repeated: z.string() });

interface NewPasswordFormProps {
  secret: string;
  onDone: () => void;
  onLinkOver: () => void;
}

export function NewPasswordForm({ secret, onDone, onLinkOver }: NewPasswordFormProps) {
  const { t } = useTranslation("auth");
  const form = useForm({
    resolver: standardSchemaResolver(schema),
    defaultValues: { password: "", repeated: "" },
  });
  const change = useMutation({
    mutationFn: (password: string) => api.POST("/auth/password", { body: { secret, password } }),
    onSuccess: onDone,
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      if (error.code === "link_over") onLinkOver();
      if (error.code === "weak_password") form.setError("password", { type: "policy" });
    },
  });
  const waitS = useWait(change.error);
  const submit = form.handleSubmit(({ password, repeated }) => {
    if (passwordProblem(password)) form.setError("password", { type: "policy" });
    else if (password !== repeated) form.setError("repeated", { type: "different" });
    else change.mutate(password);
  });
  const { errors } = form.formState;
  const isWeak = change.error instanceof ApiError && change.error.code === "weak_password";
  return (
    <form noValidate className="flex flex-col gap-4" onSubmit={submit}>
      <SignInError error={isWeak ? null : change.error} waitS={waitS} />
      <Field
        label={t("set.password")}
        hint={t("set.policy")}
        error={errors.password && t("set.weak")}
      >
        <PasswordInput
          autoComplete="new-password"
          className="h-10 text-body"
          {...form.register("password")}
        />
      </Field>
      <Field label={t("set.repeat")} error={errors.repeated && t("set.different")}>
        <PasswordInput
          autoComplete="new-password"
          className="h-10 text-body"
          {...form.register("repeated")}
        />
      </Field>
      <Button type="submit" variant="primary" size="large" disabled={change.isPending || waitS > 0}>
        {t("set.save")}
      </Button>
    </form>
  );
}

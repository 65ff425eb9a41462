import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { Link } from "@tanstack/react-router";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { PasswordInput } from "@/shared/ui/form/password-input";
import { SignInError, useWait } from "./sign-in-error";

const schema = z.object({
  login: z.string().check(z.trim(), z.minLength(1)),
  password: z.string().check(z.minLength(1)),
});

interface PasswordFormProps {
  error: Error | null;
  isBusy: boolean;
  onSubmit: (login: string, password: string) => void;
}

export function PasswordForm({ error, isBusy, onSubmit }: PasswordFormProps) {
  const { t } = useTranslation("auth");
  const waitS = useWait(error);
  const { register, handleSubmit, formState } = useForm({
    resolver: standardSchemaResolver(schema),
    defaultValues: { login: "", password: "" },
  });
  const submit = handleSubmit(({ login, password }) => onSubmit(login, password));
  return (
    <form noValidate className="flex flex-col gap-4" onSubmit={submit}>
      <SignInError error={error} waitS={waitS} />
      <Field label={t("login")} error={formState.errors.login && t("login_missing")}>
        <Input
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          className="h-10 text-body"
          {...register("login")}
        />
      </Field>
      <Field label={t("password")} error={formState.errors.password && t("password_missing")}>
        <PasswordInput
          autoComplete="current-password"
          className="h-10 text-body"
          {...register("password")}
        />
      </Field>
      <Button type="submit" variant="primary" size="large" disabled={isBusy || waitS > 0}>
        {isBusy ? t("signing_in") : t("sign_in")}
      </Button>
      <Link to="/esqueci" className="self-center py-1 text-link text-list hover:underline">
        {t("forgot")}
      </Link>
    </form>
  );
}

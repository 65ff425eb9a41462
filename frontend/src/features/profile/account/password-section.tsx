import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { api } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { passwordProblem } from "@/shared/api/password-policy";
import { ApiError } from "@/shared/api/problem";
import { useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { toast } from "@/shared/ui/feedback/toaster";
import { Field } from "@/shared/ui/form/field";
import { PasswordInput } from "@/shared/ui/form/password-input";

const schema = z.object({
  current: z.string().check(z.minLength(1, "missing")),
  password: z.string().check(z.refine((text) => !passwordProblem(text), "weak")),
});
const EMPTY = { current: "", password: "" };

/** Another password; it ends all other sessions. */
export function PasswordSection() {
  const { t } = useTranslation("profile");
  const user = useCurrentUser();
  const form = useForm({ resolver: standardSchemaResolver(schema), defaultValues: EMPTY });
  const change = useMutation({
    mutationFn: ({ current, password }: typeof EMPTY) =>
      api.POST("/auth/me/password", { body: { current_password: current, password } }),
    onSuccess: () => {
      form.reset(EMPTY);
      toast.done(t("password.saved"));
    },
    onError: (error) => {
      const code = error instanceof ApiError ? error.code : "";
      if (code === "weak_password") form.setError("password", { message: "weak" });
      else if (code === "wrong_password") form.setError("current", { message: "wrong" });
      else toast.error(t("not_saved"), { description: describeError(error, t) });
    },
  });
  const { errors } = form.formState;
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={form.handleSubmit((values) => change.mutate(values))}
    >
      <input type="hidden" autoComplete="username" value={user.login ?? ""} readOnly />
      <Field
        label={t("password.current")}
        error={
          errors.current &&
          (errors.current.message === "wrong" ? t("password.wrong") : t("password.missing"))
        }
      >
        <PasswordInput autoComplete="current-password" {...form.register("current")} />
      </Field>
      <Field
        label={t("password.new")}
        hint={t("password.policy")}
        error={errors.password && t("password.weak")}
      >
        <PasswordInput autoComplete="new-password" {...form.register("password")} />
      </Field>
      <p className="text-meta text-text-3">{t("password.ends_sessions")}</p>
      <div>
        <Button type="submit" variant="primary" disabled={change.isPending}>
          {t("password.save")}
        </Button>
      </div>
    </form>
  );
}

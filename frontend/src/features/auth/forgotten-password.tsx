import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api/client";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { AuthHeading } from "./auth-heading";
import { Notice } from "./notice";
import { SignInError, useWait } from "./sign-in-error";

/** Asks for an e-mail with a link. The answer never tells whether the login exists. */
export function ForgottenPassword() {
  const { t } = useTranslation("auth");
  const [login, setLogin] = useState("");
  const [isIncomplete, setIncomplete] = useState(false);
  const request = useMutation({
    mutationFn: (address: string) => api.POST("/auth/password-reset", { body: { login: address } }),
  });
  const waitS = useWait(request.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = login.trim();
    const isAddress = /^\S+@\S+\.\S+$/.test(address);
    setIncomplete(!isAddress);
    if (isAddress) request.mutate(address);
  };
  const back = (
    <Link to="/entrar" className="self-center py-1 text-link text-list hover:underline">
      {t("back_to_sign_in")}
    </Link>
  );
  if (request.isSuccess) {
    return (
      <>
        <AuthHeading title={t("forgotten.sent_title")} />
        <Notice tone="info">{t("forgotten.sent", { login: login.trim() })}</Notice>
        {back}
      </>
    );
  }
  return (
    <>
      <AuthHeading title={t("forgotten.title")} text={t("forgotten.text")} />
      <form noValidate className="flex flex-col gap-4" onSubmit={submit}>
        <SignInError error={request.error} waitS={waitS} />
        <Field label={t("login")} error={isIncomplete && t("login_invalid")}>
          <Input
            type="email"
            value={login}
            onChange={(event) => setLogin(event.target.value)}
            autoComplete="username"
            autoCapitalize="none"
            className="h-10 text-body"
          />
        </Field>
        <Button
          type="submit"
          variant="primary"
          size="large"
          disabled={request.isPending || waitS > 0}
        >
          {t("forgotten.send")}
        </Button>
        {back}
      </form>
    </>
  );
}

import { type FormEvent, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { SignInError, useWait } from "./sign-in-error";

interface CodeFormProps {
  error: Error | null;
  isBusy: boolean;
  onSubmit: (code: string) => void;
  onBack: () => void;
}

/** The code of the authenticator app, or one of the recovery codes. */
export function CodeForm({ error, isBusy, onSubmit, onBack }: CodeFormProps) {
  const { t } = useTranslation("auth");
  const [kind, setKind] = useState<"app" | "recovery">("app");
  const [code, setCode] = useState("");
  const waitS = useWait(error);
  const isApp = kind === "app";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = code.trim().replace(isApp ? /\D/g : /\s/g, "");
    if (text) onSubmit(text);
  };
  const change = () => {
    setKind(isApp ? "recovery" : "app");
    setCode("");
  };
  return (
    <form noValidate className="flex flex-col gap-4" onSubmit={submit}>
      <SignInError error={error} waitS={waitS} />
      <Field
        label={isApp ? t("code") : t("recovery_code")}
        hint={isApp ? t("code_hint") : t("recovery_hint")}
      >
        <Input
          key={kind}
          value={code}
          onChange={(event) => setCode(event.target.value)}
          inputMode={isApp ? "numeric" : "text"}
          autoComplete={isApp ? "one-time-code" : "off"}
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          className="h-10 text-body tabular-nums"
        />
      </Field>
      <Button type="submit" variant="primary" size="large" disabled={isBusy || waitS > 0 || !code}>
        {isBusy ? t("signing_in") : t("confirm")}
      </Button>
      <div className="flex flex-wrap justify-between gap-2">
        <Button variant="quiet" onClick={onBack}>
          {t("back")}
        </Button>
        <Button variant="quiet" onClick={change}>
          {isApp ? t("use_recovery") : t("use_app")}
        </Button>
      </div>
    </form>
  );
}

import { useTranslation } from "@/shared/i18n/use-translation";
import { AuthHeading } from "./auth-heading";
import { CodeForm } from "./code-form";
import { Notice } from "./notice";
import { PasswordForm } from "./password-form";
import { useSignIn } from "./sign-in";

interface SignInPanelProps {
  /** Why the user has to sign in: the key of a text below `auth:reasons`. */
  reason?: "encerrada" | "outra-aba" | "saiu" | "suspenso" | "desativado" | undefined;
  onSignedIn: () => void;
}

/** Signs in with password and, for those who have one, the second factor. */
export function SignInPanel({ reason, onSignedIn }: SignInPanelProps) {
  const { t } = useTranslation("auth");
  const signIn = useSignIn(onSignedIn);
  if (signIn.step === "code") {
    return (
      <>
        <AuthHeading title={t("code_title")} />
        <CodeForm
          error={signIn.error}
          isBusy={signIn.isBusy}
          onSubmit={signIn.sendCode}
          onBack={signIn.startAgain}
        />
      </>
    );
  }
  const isRefused = reason === "suspenso" || reason === "desativado";
  return (
    <>
      <AuthHeading title={t("welcome")} text={t("welcome_text")} />
      {reason && !signIn.error && (
        <Notice tone={isRefused ? "danger" : "info"}>{t(`reasons.${reason}`)}</Notice>
      )}
      <PasswordForm error={signIn.error} isBusy={signIn.isBusy} onSubmit={signIn.sendPassword} />
    </>
  );
}

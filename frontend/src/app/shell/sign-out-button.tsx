import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { useSignOut } from "./use-sign-out";

export function SignOutButton() {
  const { t } = useTranslation("app");
  const signOut = useSignOut();
  return (
    <Button variant="primary" onClick={signOut}>
      {t("shell.sign_out")}
    </Button>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { describeError } from "@/shared/api/describe-error";
import { signOut } from "@/shared/api/sign-out";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";

/** Signs out and shows the sign-in page. Without a connection the session goes on, and it says so. */
export function useSignOut(): () => Promise<void> {
  const { t } = useTranslation("app");
  const navigate = useNavigate();
  return async () => {
    try {
      await signOut();
      await navigate({ to: "/entrar", search: { motivo: "saiu" } });
    } catch (error) {
      toast.error(t("shell.sign_out_failed"), { description: describeError(error, t) });
    }
  };
}

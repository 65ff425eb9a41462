import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { AuthHeading } from "./auth-heading";
import { NewPasswordForm } from "./new-password-form";

/** The first password of an invited user. */
export function AcceptInvitation() {
  return <SetPassword purpose="invitation" />;
}

/** Another password for somebody who has forgotten the old one. */
export function ResetPassword() {
  return <SetPassword purpose="reset" />;
}

/** The secret of the link, which is then removed from the address and so from the history. */
function useLinkSecret(): string {
  const [secret] = useState(() => location.hash.slice(1));
  useEffect(() => {
    if (location.hash) history.replaceState(history.state, "", location.pathname);
  }, []);
  return secret;
}

function SetPassword({ purpose }: { purpose: "invitation" | "reset" }) {
  const { t } = useTranslation("auth");
  const secret = useLinkSecret();
  const [outcome, setOutcome] = useState<"open" | "done" | "over">(secret ? "open" : "over");
  const isInvitation = purpose === "invitation";
  if (outcome === "done") {
    return (
      <>
        <AuthHeading title={t("set.done_title")} text={t("set.done")} />
        <Button asChild variant="primary" size="large">
          <Link to="/entrar">{t("sign_in")}</Link>
        </Button>
      </>
    );
  }
  if (outcome === "over") {
    return (
      <>
        <AuthHeading
          title={t("set.over_title")}
          text={isInvitation ? t("set.over_invitation") : t("set.over_reset")}
        />
        <Button asChild variant="primary" size="large">
          {isInvitation ? (
            <Link to="/entrar">{t("back_to_sign_in")}</Link>
          ) : (
            <Link to="/esqueci">{t("set.another_link")}</Link>
          )}
        </Button>
      </>
    );
  }
  return (
    <>
      <AuthHeading
        title={isInvitation ? t("set.invitation_title") : t("set.reset_title")}
        text={isInvitation ? t("set.invitation_text") : t("set.reset_text")}
      />
      <NewPasswordForm
        secret={secret}
        onDone={() => setOutcome("done")}
        onLinkOver={() => setOutcome("over")}
      />
    </>
  );
}

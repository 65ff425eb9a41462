import { useQueryClient } from "@tanstack/react-query";
import { ShieldCheck, ShieldOff } from "lucide-react";
import { useState } from "react";
import { currentUserQuery, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { DisableSecondFactor } from "./disable-second-factor";
import { Enrolment } from "./enrolment";
import { RecoveryCodes } from "./recovery-codes";

type Step = { name: "idle" | "enrol" | "disable" } | { name: "codes"; codes: readonly string[] };

/** The second factor: turning it on with an app, the recovery codes, turning it off. */
export function SecondFactorSection() {
  const { t } = useTranslation("profile");
  const user = useCurrentUser();
  const queryClient = useQueryClient();
  const [step, setStep] = useState<Step>({ name: "idle" });
  const finish = () => {
    setStep({ name: "idle" });
    void queryClient.invalidateQueries(currentUserQuery);
  };
  if (step.name === "enrol") {
    return (
      <Enrolment
        onDone={(codes) => setStep({ name: "codes", codes })}
        onCancel={() => setStep({ name: "idle" })}
      />
    );
  }
  if (step.name === "codes") return <RecoveryCodes codes={step.codes} onDone={finish} />;
  if (step.name === "disable") {
    return <DisableSecondFactor onDone={finish} onCancel={() => setStep({ name: "idle" })} />;
  }
  const Icon = user.second_factor ? ShieldCheck : ShieldOff;
  return (
    <>
      <p className="flex items-start gap-2 text-list text-text-2">
        <Icon
          aria-hidden
          className={user.second_factor ? "size-4 text-ok" : "size-4 text-text-3"}
        />
        {user.second_factor ? t("second_factor.on") : t("second_factor.off")}
      </p>
      <div>
        {user.second_factor ? (
          <Button onClick={() => setStep({ name: "disable" })}>{t("second_factor.disable")}</Button>
        ) : (
          <Button variant="primary" onClick={() => setStep({ name: "enrol" })}>
            {t("second_factor.enable")}
          </Button>
        )}
      </div>
    </>
  );
}

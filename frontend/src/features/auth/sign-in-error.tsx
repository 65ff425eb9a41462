import { useEffect, useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Notice } from "./notice";

const KNOWN = ["bad_credentials", "bad_code", "disabled", "tenant_suspended", "crowded"];

/** Seconds until the server accepts another attempt; counts down to 0. */
export function useWait(error: Error | null): number {
  const [waitS, setWaitS] = useState(0);
  useEffect(() => {
    const given = error instanceof ApiError ? (error.retryAfterS ?? 0) : 0;
    const end = Date.now() + given * 1000;
    const update = () => setWaitS(Math.max(0, Math.ceil((end - Date.now()) / 1000)));
    update();
    if (given === 0) return;
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  }, [error]);
  return waitS;
}

function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Why a sign-in failed, and what to do. */
export function SignInError({ error, waitS }: { error: Error | null; waitS: number }) {
  const { t } = useTranslation("auth");
  if (!error) return null;
  if (!(error instanceof ApiError && error.code === "too_many_attempts")) {
    const isKnown = error instanceof ApiError && KNOWN.includes(error.code);
    const text = isKnown ? t(`errors.${error.code}`) : describeError(error, t);
    return <Notice tone="danger">{text}</Notice>;
  }
  if (waitS === 0) return <Notice tone="info">{t("errors.wait_over")}</Notice>;
  return (
    <Notice tone="danger">
      {t("errors.too_many_attempts")}{" "}
      <span aria-hidden className="font-medium tabular-nums">
        {t("errors.wait", { time: minutesAndSeconds(waitS) })}
      </span>
    </Notice>
  );
}

import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { MessagePage } from "./message-page";

/** A page or part of one that could not be loaded: after an update, its file has another name. */
function isMissingChunk(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  return /dynamically imported module|module script failed|preload CSS/i.test(text);
}

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation("app");
  const router = useRouter();
  const reload = (
    <Button variant="primary" onClick={() => location.reload()}>
      {t("error.reload")}
    </Button>
  );
  if (error instanceof ApiError && error.isUncertain) {
    const retry = () => {
      reset();
      void router.invalidate();
    };
    return (
      <MessagePage title={t("error.offline_title")} text={t("error.offline_text")}>
        <Button variant="primary" onClick={retry}>
          {t("shared:actions.retry")}
        </Button>
      </MessagePage>
    );
  }
  if (isMissingChunk(error)) {
    return (
      <MessagePage title={t("error.old_title")} text={t("error.old_text")}>
        {reload}
      </MessagePage>
    );
  }
  const code =
    error instanceof ApiError ? error.code : error instanceof Error ? error.name : "error";
  return (
    <MessagePage title={t("error.title")} text={t("error.text")} detail={t("error.code", { code })}>
      {reload}
    </MessagePage>
  );
}

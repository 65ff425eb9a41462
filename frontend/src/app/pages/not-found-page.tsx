import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { MessagePage } from "./message-page";

export function NotFoundPage() {
  const { t } = useTranslation("app");
  return (
    <MessagePage title={t("not_found.title")} text={t("not_found.text")}>
      <Button asChild variant="primary">
        <Link to="/atendimentos">{t("not_found.back")}</Link>
      </Button>
    </MessagePage>
  );
}

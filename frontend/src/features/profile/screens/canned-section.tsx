import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";

/** Leads to the page of the canned responses. */
export function CannedSection() {
  const { t } = useTranslation("profile");
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <p className="min-w-0 flex-1 text-list text-text-2">{t("canned.text")}</p>
      <Button asChild>
        <Link to="/perfil/respostas">{t("canned.open")}</Link>
      </Button>
    </div>
  );
}

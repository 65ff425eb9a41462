import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { CannedResponses } from "@/features/canned";
import { useTranslation } from "@/shared/i18n/use-translation";

export function CannedPage() {
  const { t } = useTranslation("app");
  return (
    <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex max-w-[760px] flex-col gap-4 px-4 py-6 md:px-8">
          <Link
            to="/perfil"
            className="flex w-fit items-center gap-1 text-list text-text-2 hover:text-text"
          >
            <ArrowLeft aria-hidden className="size-4" />
            {t("titles.profile")}
          </Link>
          <h1 className="font-semibold text-heading">{t("titles.canned")}</h1>
          <p className="text-list text-text-2">{t("canned:intro")}</p>
          <CannedResponses />
        </div>
      </div>
    </main>
  );
}

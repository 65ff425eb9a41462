import { useTranslation } from "@/shared/i18n/use-translation";

/** Shown when a page takes longer than 150 ms. */
export function LoadingPage() {
  const { t } = useTranslation("app");
  return (
    <div className="flex h-full items-center justify-center p-6" role="status">
      <span className="text-list text-text-3">{t("loading")}</span>
    </div>
  );
}

import { SupabaseMirror } from "@/features/supabase";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";

export function SupabasePage() {
  const { t } = useTranslation("app");
  return (
    <PageFrame title={t("titles.supabase")}>
      <SupabaseMirror />
    </PageFrame>
  );
}

import { Inbox } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { EmptyState } from "@/shared/ui/feedback/states";

/** The conversation pane while no conversation is open. */
export function InboxWelcome() {
  const { t } = useTranslation("app");
  return (
    <div className="flex flex-1 items-center justify-center">
      <EmptyState icon={<Inbox />} title={t("inbox.none")}>
        {t("inbox.none_hint")}
      </EmptyState>
    </div>
  );
}

import { useParams } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";
import { Contacts } from "./parts";

export function ContactsPage() {
  const { t } = useTranslation("app");
  const { id } = useParams({ strict: false });
  return (
    <PageFrame title={t("titles.contacts")}>
      <Contacts contactId={id} />
    </PageFrame>
  );
}

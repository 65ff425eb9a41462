import { getRouteApi, useLocation, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";
import { MessageSearch } from "./parts";

const route = getRouteApi("/signed-in/busca");

export function SearchPage() {
  const { t } = useTranslation("app");
  const { q } = route.useSearch();
  const navigate = useNavigate();
  const focusKey = useLocation({ select: (location) => location.state.__TSR_key });
  const search = (text: string) =>
    void navigate({ to: "/busca", search: text ? { q: text } : {}, replace: true });
  return (
    <PageFrame title={t("titles.search")}>
      <MessageSearch text={q ?? ""} onSearch={search} focusKey={focusKey} />
    </PageFrame>
  );
}

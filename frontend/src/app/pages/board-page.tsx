import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { PageFrame } from "./page-frame";
import { Board } from "./parts";

export function BoardPage() {
  const { t } = useTranslation("app");
  const navigate = useNavigate();
  const open = (id: string) => void navigate({ to: "/atendimentos/$id", params: { id } });
  return (
    <PageFrame title={t("titles.board")}>
      <Board onOpen={open} />
    </PageFrame>
  );
}

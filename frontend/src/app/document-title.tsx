import { useMatches } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useAttention } from "@/shared/navigation/attention";

/** The title of the tab: `(3) Atendimentos · NioChat`. */
export function DocumentTitle() {
  const { t } = useTranslation("app");
  const key = useMatches({
    select: (matches) => matches.findLast((match) => match.staticData.title)?.staticData.title,
  });
  const count = useAttention();
  const page = key ? `${t(`titles.${key}`)} · NioChat` : "NioChat";
  const title = count > 0 ? `(${count > 99 ? "99+" : count}) ${page}` : page;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}

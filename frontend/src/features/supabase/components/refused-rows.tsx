import { useTranslation } from "@/shared/i18n/use-translation";
import type { MirrorStatus } from "../model/queries";

/** Rows that the project refuses, by source and reason. */
export function RefusedRows({ groups }: { groups: MirrorStatus["dead_letters"] }) {
  const { t } = useTranslation("supabase");
  return (
    <div className="flex flex-col gap-1">
      <h3 className="font-medium text-list">{t("refused.title")}</h3>
      <p className="text-meta text-text-3">{t("refused.text")}</p>
      <ul className="divide-y divide-divider">
        {groups.map((each) => (
          <li key={`${each.source} ${each.code}`} className="py-2 text-list">
            <span className="font-medium">
              {t(`sources.${each.source}`, { defaultValue: each.source })}
            </span>
            {" · "}
            {t("refused.rows", { count: each.counted })}
            <span className="block break-words text-meta text-text-3">{each.reason}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

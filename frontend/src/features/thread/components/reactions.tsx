import { useTranslation } from "@/shared/i18n/use-translation";
import { countReactions } from "../model/message-details";

export function Reactions({ reactions }: { reactions: Record<string, unknown> }) {
  const { t } = useTranslation("thread");
  const counts = countReactions(reactions);
  if (counts.length === 0) return null;
  return (
    <ul className="-mt-1 flex gap-1" aria-label={t("reactions")}>
      {counts.map(([emoji, count]) => (
        <li
          key={emoji}
          className="rounded-full border border-divider bg-page px-1.5 text-list leading-5"
        >
          {emoji}
          {count > 1 && <span className="ml-0.5 text-badge text-text-2">{count}</span>}
        </li>
      ))}
    </ul>
  );
}

import { WifiOff } from "lucide-react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useLink } from "@/shared/live";

/** Says that the screen may be old, while there is no connection. */
export function OfflineStrip() {
  const { t } = useTranslation("app");
  const format = useFormat();
  const { state, since } = useLink();
  const isOffline = state === "offline";
  const time = isOffline && since !== null && format.time(since);
  return (
    <div role="status">
      {isOffline && (
        <div className="flex h-7 items-center justify-center gap-2 bg-warn-soft px-3 text-meta text-warn">
          <WifiOff aria-hidden className="size-3.5 shrink-0" />
          <span className="truncate max-md:hidden">
            {time ? t("link.strip", { time }) : t("link.strip_short")}
          </span>
          <span className="truncate md:hidden">{t("link.strip_short")}</span>
        </div>
      )}
    </div>
  );
}

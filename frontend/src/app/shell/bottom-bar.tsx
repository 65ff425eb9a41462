import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useAttention } from "@/shared/navigation/attention";
import { Badge } from "@/shared/ui/display/badge";
import { AccountMenu } from "./account-menu";
import { SECTIONS } from "./sections";

/** The navigation of phones. */
export function BottomBar() {
  const { t } = useTranslation("app");
  const unread = useAttention();
  return (
    <nav
      aria-label={t("sections.main")}
      className="flex h-14 shrink-0 border-divider border-t bg-panel pb-[env(safe-area-inset-bottom)]"
    >
      {SECTIONS.map(
        (section) =>
          section.to && (
            <Link
              key={section.name}
              to={section.to}
              className="focus-inset relative flex min-w-0 flex-auto flex-col items-center justify-center gap-0.5 text-badge text-text-2 data-[status=active]:font-semibold data-[status=active]:text-accent"
            >
              <section.icon aria-hidden className="size-5" />
              <span className="max-w-full truncate">{t(`sections.${section.name}`)}</span>
              {section.name === "inbox" && (
                <Badge
                  count={unread}
                  max={99}
                  label={t("sections.unread", { count: unread })}
                  className="absolute top-1 left-1/2 ml-1.5"
                />
              )}
            </Link>
          ),
      )}
      <div className="flex w-14 shrink-0 items-center justify-center">
        <AccountMenu side="top" isPhone />
      </div>
    </nav>
  );
}

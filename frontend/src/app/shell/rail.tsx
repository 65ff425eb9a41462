import { Link } from "@tanstack/react-router";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useAttention } from "@/shared/navigation/attention";
import { cn } from "@/shared/ui/class-names";
import { Badge } from "@/shared/ui/display/badge";
import { Tooltip } from "@/shared/ui/overlay/tooltip";
import { AccountMenu } from "./account-menu";
import { LinkMark } from "./link-mark";
import { PresenceMenu } from "./presence-menu";
import { LATER_SECTIONS, REPORT_SECTIONS, SECTIONS, type Section } from "./sections";

const place =
  "focus-inset relative flex size-10 items-center justify-center rounded-control [&_svg]:size-5";

/** The navigation on the left. On a phone it is `BottomBar`. */
export function Rail() {
  const { t } = useTranslation("app");
  const user = useCurrentUser();
  const isAllowed = ({ permission }: Section) => !permission || may(user, permission);
  const sections = [...SECTIONS, ...REPORT_SECTIONS].filter(isAllowed);
  const later = LATER_SECTIONS.filter(isAllowed);
  return (
    <header className="flex w-14 shrink-0 flex-col items-center gap-2 border-divider border-r bg-panel py-2">
      <img src="/favicon.svg" alt="NioChat" width={28} height={28} className="my-1.5" />
      <nav aria-label={t("sections.main")} className="flex min-h-0 flex-1 flex-col overflow-y-auto">
        <ul className="flex flex-col gap-1">
          {sections.map((section) => (
            <li key={section.name}>
              <Place section={section} />
            </li>
          ))}
        </ul>
        {later.length > 0 && (
          <ul className="mt-2 flex flex-col gap-1 border-divider border-t pt-2">
            {later.map((section) => (
              <li key={section.name}>
                <LaterPlace section={section} />
              </li>
            ))}
          </ul>
        )}
      </nav>
      <LinkMark />
      <PresenceMenu />
      <AccountMenu side="right" />
    </header>
  );
}

function Place({ section }: { section: Section }) {
  const { t } = useTranslation("app");
  const unread = useAttention();
  const name = t(`sections.${section.name}`);
  if (!section.to) return null;
  return (
    <Tooltip label={name} side="right">
      <Link
        to={section.to}
        className={cn(
          place,
          "text-text-2 hover:bg-hover hover:text-text data-[status=active]:bg-selected data-[status=active]:text-accent",
        )}
      >
        <section.icon aria-hidden />
        <span className="sr-only">{name}</span>
        {section.name === "inbox" && (
          <Badge
            count={unread}
            max={99}
            label={t("sections.unread", { count: unread })}
            className="absolute top-0 right-0 ring-2 ring-panel"
          />
        )}
      </Link>
    </Tooltip>
  );
}

/** A place that is kept for a section to come: seen, named, and nothing to open. */
function LaterPlace({ section }: { section: Section }) {
  const { t } = useTranslation("app");
  const name = t("sections.soon", { name: t(`sections.${section.name}`) });
  return (
    <Tooltip label={name} side="right">
      <button
        type="button"
        aria-disabled
        aria-label={name}
        className={cn(place, "cursor-not-allowed! text-text-3 opacity-60")}
      >
        <section.icon aria-hidden />
      </button>
    </Tooltip>
  );
}

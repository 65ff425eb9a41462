import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { StatusPill } from "@/shared/ui/display/status-pill";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { visitsQuery } from "../queries";
import { MoreButton } from "./more-button";

export interface EarlierSectionProps {
  contactId: string;
  /** The conversation on the screen, which is left out. */
  conversationId: string | null;
}

/** The other conversations of the person. */
export function EarlierSection({ contactId, conversationId }: EarlierSectionProps) {
  const { t } = useTranslation("contact");
  const format = useFormat();
  const query = useInfiniteQuery(visitsQuery(contactId));
  const { data, error, refetch } = query;
  if (error && !data) {
    return (
      <ErrorState
        className="py-4"
        error={error}
        title={t("earlier.failed")}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) return <SkeletonRows count={2} height={44} label={t("shared:ui.loading")} />;
  const visits = data.pages
    .flatMap((page) => page.items)
    .filter((each) => each.id !== conversationId);
  if (visits.length === 0 && !query.hasNextPage) {
    return <p className="text-list text-text-3">{t("earlier.none")}</p>;
  }
  return (
    <>
      <ul className="-mx-2">
        {visits.map((visit) => (
          <li key={visit.id}>
            <Link
              to="/atendimentos/$id"
              params={{ id: visit.id }}
              className="focus-inset flex min-h-11 items-center gap-2 rounded-control px-2 hover:bg-hover"
            >
              <span className="min-w-0 flex-1">
                <time dateTime={visit.opened_at} className="block text-list tabular-nums">
                  {format.dateTime(visit.opened_at)}
                </time>
                <span className="block truncate text-meta text-text-3 tabular-nums">
                  {t("earlier.protocol", { protocol: visit.protocol })}
                </span>
              </span>
              <StatusPill status={visit.status} />
            </Link>
          </li>
        ))}
      </ul>
      <MoreButton query={query} />
    </>
  );
}

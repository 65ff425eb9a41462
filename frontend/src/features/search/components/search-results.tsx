import { useInfiniteQuery } from "@tanstack/react-query";
import { MessageSquareText, SearchX, Type } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { groupHits } from "../model/hit-groups";
import { hasWord, messageSearchQuery } from "../queries";
import { HitGroupView } from "./hit-group";

/** Pages without a hit are skipped so many times; then the user decides. */
const MAX_EMPTY_PAGES = 10;

export function SearchResults({ text }: { text: string }) {
  const { t } = useTranslation("search");
  const query = useInfiniteQuery(messageSearchQuery(text));
  const { data, error, refetch } = query;
  const hits = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const groups = useMemo(() => groupHits(hits), [hits]);
  const isSearchingOn =
    hits.length === 0 && query.hasNextPage && (data?.pages.length ?? 0) < MAX_EMPTY_PAGES;
  const { fetchNextPage, isFetching } = query;
  useEffect(() => {
    if (isSearchingOn && !isFetching && !error) void fetchNextPage();
  }, [isSearchingOn, isFetching, error, fetchNextPage]);
  if (!hasWord(text)) return <Lesson isBad={text !== ""} />;
  if (error && hits.length === 0) {
    return <SearchFailure error={error} onRetry={() => void refetch()} />;
  }
  if (!data || isSearchingOn) {
    return <SkeletonRows count={6} height={64} label={t("searching")} />;
  }
  return (
    <>
      <p role="status" className="py-3 text-meta text-text-3">
        {hits.length > 0 && t(query.hasNextPage ? "found_more" : "found", { count: hits.length })}
      </p>
      {hits.length === 0 && !query.hasNextPage && (
        <EmptyState icon={<SearchX />} title={t("nothing.title")}>
          {t("nothing.text")}
        </EmptyState>
      )}
      <div className="flex flex-col gap-4">
        {groups.map((group) => (
          <HitGroupView key={group.conversationId} group={group} />
        ))}
      </div>
      {error && <SearchFailure error={error} onRetry={() => void fetchNextPage()} />}
      {query.hasNextPage && !error && (
        <More isBusy={isFetching} onMore={() => void fetchNextPage()} />
      )}
    </>
  );
}

/** What the search can do, or why it cannot begin. */
function Lesson({ isBad }: { isBad: boolean }) {
  const { t } = useTranslation("search");
  if (isBad) return <EmptyState icon={<Type />} title={t("shared:errors.codes.no_words")} />;
  return (
    <EmptyState icon={<MessageSquareText />} title={t("lesson.title")}>
      <p>{t("lesson.text")}</p>
    </EmptyState>
  );
}

/** A refused text is to be changed, not sent again. */
function SearchFailure({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation("search");
  if (error instanceof ApiError && error.status === 422) {
    const isKnown = error.code === "no_words" || error.code === "too_many_words";
    return (
      <div role="alert">
        <EmptyState icon={<Type />} title={isKnown ? describeError(error, t) : t("refused.title")}>
          {t("refused.text")}
        </EmptyState>
      </div>
    );
  }
  return <ErrorState error={error} title={t("failed")} onRetry={onRetry} />;
}

/** Loads more when it comes into sight, and by a click. */
function More({ isBusy, onMore }: { isBusy: boolean; onMore: () => void }) {
  const { t } = useTranslation("search");
  const box = useRef<HTMLDivElement>(null);
  const more = useRef(onMore);
  more.current = onMore;
  useEffect(() => {
    if (isBusy || !box.current || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((each) => each.isIntersecting) && more.current(),
      { rootMargin: "400px" },
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [isBusy]);
  return (
    <div ref={box} className="flex justify-center py-4">
      <Button disabled={isBusy} onClick={onMore}>
        {t(isBusy ? "searching" : "more")}
      </Button>
    </div>
  );
}

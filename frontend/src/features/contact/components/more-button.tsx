import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";

interface MoreButtonProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage(): Promise<unknown> };
}

/** Fetches the next page of a list in the panel, if there is one. */
export function MoreButton({ query }: MoreButtonProps) {
  const { t } = useTranslation("contact");
  if (!query.hasNextPage) return null;
  return (
    <Button
      size="small"
      variant="quiet"
      className="-ml-2"
      disabled={query.isFetchingNextPage}
      onClick={() => void query.fetchNextPage()}
    >
      {t("more")}
    </Button>
  );
}

import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "@/shared/i18n/use-translation";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { type ContactFile, contactFilesQuery } from "../queries";
import { FileName, Thumbnail } from "./file-item";
import { MoreButton } from "./more-button";

const isPicture = (each: ContactFile) =>
  each.file.mimetype.startsWith("image/") && each.file.status === "kept";

/** The files of all conversations of the person: pictures as thumbnails, the rest by name. */
export function FilesSection({ contactId }: { contactId: string }) {
  const { t } = useTranslation("contact");
  const query = useInfiniteQuery(contactFilesQuery(contactId));
  const { data, error, refetch } = query;
  if (error && !data) {
    return (
      <ErrorState
        className="py-4"
        error={error}
        title={t("files.failed")}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) return <SkeletonRows count={2} height={44} label={t("shared:ui.loading")} />;
  const files = data.pages.flatMap((page) => page.items);
  if (files.length === 0) return <p className="text-list text-text-3">{t("files.none")}</p>;
  const pictures = files.filter(isPicture);
  const others = files.filter((each) => !isPicture(each));
  return (
    <>
      {pictures.length > 0 && (
        <ul
          className="grid grid-cols-[repeat(auto-fill,minmax(68px,1fr))] gap-1.5 pb-2"
          aria-label={t("files.pictures")}
        >
          {pictures.map((each) => (
            <li key={each.message_id}>
              <Thumbnail item={each} />
            </li>
          ))}
        </ul>
      )}
      <ul className="-mx-2">
        {others.map((each) => (
          <li key={each.message_id}>
            <FileName item={each} />
          </li>
        ))}
      </ul>
      <MoreButton query={query} />
    </>
  );
}

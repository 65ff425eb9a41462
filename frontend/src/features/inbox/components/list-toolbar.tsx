import { ArrowDownUp, SquarePen } from "lucide-react";
import { memo } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ListSort } from "@/shared/live";
import { openStartConversation } from "@/shared/navigation/start-conversation";
import { IconButton } from "@/shared/ui/icon-button";
import { DropdownMenu } from "@/shared/ui/overlay/menu";
import { FilterPopover, type FilterProps } from "./filter-popover";
import { FolderMenu } from "./folder-menu";

const SORTS: readonly ListSort[] = ["changed", "waiting", "opened", "due"];

/** Folders, filters and the order of the list. */
export const ListToolbar = memo(function ListToolbar(props: FilterProps) {
  const { t } = useTranslation("inbox");
  const { search, onSearchChange } = props;
  const user = useCurrentUser();
  const sort = search.ordem ?? "changed";
  return (
    <div className="flex h-10 shrink-0 items-center gap-1 px-2">
      <FolderMenu {...props} />
      <span className="flex-1" />
      <FilterPopover {...props} />
      <DropdownMenu
        align="end"
        trigger={
          <IconButton label={t("sort.title", { sort: t(`sort.${sort}`) })}>
            <ArrowDownUp />
          </IconButton>
        }
        entries={SORTS.map((each) => ({
          id: each,
          label: t(`sort.${each}`),
          checked: each === sort,
          onSelect: () => onSearchChange({ ...search, ordem: each }),
        }))}
      />
      {may(user, "conversations:reply") && (
        <IconButton label={t("start")} onClick={() => openStartConversation()}>
          <SquarePen />
        </IconButton>
      )}
    </div>
  );
});

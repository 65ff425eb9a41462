import { Bot, CircleCheck, Inbox, ListFilter, MessagesSquare, UserRoundCheck } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { InboxSearch } from "@/shared/navigation/inbox-search";
import { Button } from "@/shared/ui/button";
import { EmptyState } from "@/shared/ui/feedback/states";
import { countFilters, withoutFilters } from "../model/filters";
import type { TabId } from "../model/tabs";

const ICONS = {
  mine: <UserRoundCheck />,
  unassigned: <Inbox />,
  assistant: <Bot />,
  all: <MessagesSquare />,
  resolved: <CircleCheck />,
};

export interface EmptyListProps {
  tab: TabId;
  search: InboxSearch;
  onSearchChange: (search: InboxSearch) => void;
}

/** Why the list is empty, and the next act. */
export function EmptyList({ tab, search, onSearchChange }: EmptyListProps) {
  const { t } = useTranslation("inbox");
  if (countFilters(search) > 0) {
    return (
      <EmptyState
        icon={<ListFilter />}
        title={t("empty.filtered.title")}
        action={
          <Button onClick={() => onSearchChange(withoutFilters(search))}>
            {t("filter.clear")}
          </Button>
        }
      >
        {t("empty.filtered.text")}
      </EmptyState>
    );
  }
  const toQueue = tab === "mine" && (
    <Button onClick={() => onSearchChange({ ...search, aba: "unassigned" })}>
      {t("empty.mine.action")}
    </Button>
  );
  return (
    <EmptyState icon={ICONS[tab]} title={t(`empty.${tab}.title`)} action={toQueue}>
      {t(`empty.${tab}.text`)}
    </EmptyState>
  );
}

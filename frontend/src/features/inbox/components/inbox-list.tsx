import { useDeferredValue, useMemo, useRef, useState } from "react";
import { usePreferences } from "@/shared/api/preferences";
import { ROW_HEIGHTS } from "@/shared/conversation-row/conversation-row";
import { RecordedRow, type RowBook, rowsOf } from "@/shared/conversation-row/row-book";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useConversationList, useCounts } from "@/shared/live";
import type { InboxSearch } from "@/shared/navigation/inbox-search";
import { Tabs } from "@/shared/ui/display/tabs";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { useFrozenOrder, useHold } from "@/shared/ui/list/frozen-order";
import type { VirtualListHandle } from "@/shared/ui/list/virtual-list";
import { useStableCallback } from "@/shared/ui/use-stable-callback";
import { countFilters, listFilter } from "../model/filters";
import { useSelection } from "../model/selection";
import { tabCount, tabOf, tabsOf } from "../model/tabs";
import { useListCommands } from "../model/use-list-commands";
import { BulkBar } from "./bulk-bar";
import { ConversationRows } from "./conversation-rows";
import { EmptyList } from "./empty-list";
import { FilterChips } from "./filter-chips";
import { ListToolbar } from "./list-toolbar";

export interface InboxListProps {
  /** What the address says about the list. */
  search: InboxSearch;
  onSearchChange: (search: InboxSearch) => void;
  openId: string | null;
  onOpen: (id: string) => void;
}

/**
 * Rows change at once; that they move may wait, so that a burst of events never blocks a key. Another list
 * does not wait: its rows must not be taken for those of the one before.
 */
function useCalmOrder(name: string, ids: readonly string[]): readonly string[] {
  const order = useDeferredValue(useMemo(() => ({ name, ids }), [name, ids]));
  return order.name === name ? order.ids : ids;
}

/** The list of conversations, with tabs, filters, selection and keys. */
export function InboxList({ search, openId, ...props }: InboxListProps) {
  const onSearchChange = useStableCallback(props.onSearchChange);
  const onOpen = useStableCallback(props.onOpen);
  const { t } = useTranslation("inbox");
  const { list_preset: preset = "default", density = "comfortable" } = usePreferences();
  const tab = tabOf(search.aba, preset);
  const filter = useMemo(() => listFilter(search, tab), [search, tab]);
  const sort = search.ordem ?? "changed";
  const name = JSON.stringify([filter, sort]);
  const list = useConversationList(filter, sort);
  const counts = useCounts();
  const hold = useHold();
  const order = useFrozenOrder(name, useCalmOrder(name, list.ids), hold.held);
  const selection = useSelection(name, order.ids);
  const [book] = useState<RowBook>(() => new Map());
  const handle = useRef<VirtualListHandle>(null);
  const goToTab = (next: string) => onSearchChange({ ...search, aba: next });
  useListCommands({ ids: order.ids, openId, onOpen, handle, book, tab, preset, goToTab });

  const rowHeight = ROW_HEIGHTS[density];
  const content = () => {
    if (list.ids.length > 0) {
      return (
        <ConversationRows
          ids={order.ids}
          total={countFilters(search) === 0 ? tabCount(tab, counts) : undefined}
          openId={openId}
          density={density}
          selection={selection}
          book={book}
          hold={hold}
          fresh={order.fresh}
          onShowFresh={order.showFresh}
          hasMore={list.hasMore}
          loadMore={list.loadMore}
          onOpen={onOpen}
          handle={handle}
        />
      );
    }
    if (list.state === "error") {
      return <ErrorState error={list.error} onRetry={list.retry} title={t("list.failed")} />;
    }
    if (list.state === "loading") {
      return <SkeletonRows count={8} height={rowHeight} label={t("list.loading")} />;
    }
    return <EmptyList tab={tab} search={search} onSearchChange={onSearchChange} />;
  };

  return (
    <>
      <Tabs
        label={t("tabs.label")}
        className="min-h-0 flex-1"
        dense
        value={tab}
        onChange={goToTab}
        tabs={tabsOf(preset).map((each) => ({
          value: each,
          label: t(`tabs.${preset}.${each}`),
          count: tabCount(each, counts),
        }))}
      >
        {selection.ids.size > 0 ? (
          <BulkBar
            count={selection.ids.size}
            rows={() => rowsOf(book, selection.ids)}
            onDone={selection.clear}
          />
        ) : (
          <ListToolbar search={search} onSearchChange={onSearchChange} />
        )}
        <FilterChips search={search} onSearchChange={onSearchChange} />
        {content()}
      </Tabs>
      {[...selection.ids].map((id) => (
        <RecordedRow key={id} book={book} id={id} />
      ))}
    </>
  );
}

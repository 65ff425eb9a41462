import { useInfiniteQuery } from "@tanstack/react-query";
import { ContactRound, SearchX } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "@/shared/api/problem";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useSettled } from "@/shared/navigation/use-settled";
import { Button } from "@/shared/ui/button";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { VirtualList, type VirtualListHandle } from "@/shared/ui/list/virtual-list";
import { contactListQuery, isTaxId } from "../model/contact-search";
import { ContactRow, ROW_HEIGHT } from "./contact-row";
import { ListToolbar } from "./list-toolbar";
import { NewContactDialog } from "./new-contact-dialog";

export interface ContactListProps {
  /** The text and the labels that the address carries. */
  search: string;
  labels: readonly string[];
  openId: string | null;
  /** The row that gets the focus when the list appears again. */
  focusId?: string | null;
  onSearch: (search: string, labels: readonly string[]) => void;
  onOpen: (contactId: string) => void;
}

/** All contacts, those that a text finds, or those with a label. */
export function ContactList(props: ContactListProps) {
  const { openId, focusId, onSearch, onOpen } = props;
  const [text, setText] = useState(props.search);
  const [labels, setLabels] = useState(props.labels);
  const [isCreating, setCreating] = useState(false);
  const settled = useSettled(text.trim());
  const area = useRef<HTMLDivElement>(null);
  const report = useRef<() => void>(undefined);
  report.current = () => {
    const search = isTaxId(settled) ? "" : settled;
    const isSame = search === props.search && labels.join() === props.labels.join();
    if (!isSame) onSearch(search, labels);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address follows what is searched
  useEffect(() => report.current?.(), [settled, labels]);
  return (
    <div ref={area} className="flex min-h-0 flex-1 flex-col">
      <ListToolbar
        text={text}
        labels={labels}
        onText={setText}
        onLabels={setLabels}
        onNew={() => setCreating(true)}
        onLeave={() =>
          area.current?.querySelector<HTMLElement>('[role="option"][tabindex="0"]')?.focus()
        }
      />
      <Rows
        text={settled}
        labels={labels}
        openId={openId}
        focusId={focusId ?? null}
        onOpen={onOpen}
        onNew={() => setCreating(true)}
      />
      {isCreating && <NewContactDialog onClose={() => setCreating(false)} onOpen={onOpen} />}
    </div>
  );
}

interface RowsProps extends Pick<ContactListProps, "openId" | "onOpen"> {
  text: string;
  labels: readonly string[];
  focusId: string | null;
  onNew: () => void;
}

function Rows({ text, labels, openId, focusId, onOpen, onNew }: RowsProps) {
  const { t } = useTranslation("contacts");
  const query = useInfiniteQuery(contactListQuery({ text, labels }));
  const { data, error, refetch } = query;
  const contacts = useMemo(
    () => new Map(data?.pages.flatMap((page) => page.items).map((each) => [each.id, each])),
    [data],
  );
  const ids = useMemo(() => [...contacts.keys()], [contacts]);
  const list = useRef<VirtualListHandle>(null);
  const wanted = useRef(focusId);
  useEffect(() => {
    if (!wanted.current || !ids.includes(wanted.current)) return;
    list.current?.focusRow(wanted.current);
    wanted.current = null;
  }, [ids]);
  if (error && !data) {
    return <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows count={12} height={ROW_HEIGHT} label={t("shared:ui.loading")} />;
  if (ids.length === 0) {
    return <NoContacts isSearch={text !== "" || labels.length > 0} onNew={onNew} />;
  }
  const loadMore = () => {
    if (query.hasNextPage && !query.isFetchingNextPage && !error) void query.fetchNextPage();
  };
  // A contact of the last page was renamed: only reading from the beginning helps.
  const isMoved = error instanceof ApiError && error.code === "cursor_moved";
  return (
    <VirtualList
      ref={list}
      label={t("title")}
      ids={ids}
      rowHeight={ROW_HEIGHT}
      currentId={openId}
      onActivate={onOpen}
      onEndReached={loadMore}
      renderRow={(id) => {
        const contact = contacts.get(id);
        return contact && <ContactRow contact={contact} isOpen={id === openId} />;
      }}
      footer={
        error && (
          <ErrorState
            className="py-4"
            error={error}
            onRetry={() => void (isMoved ? refetch() : query.fetchNextPage())}
          />
        )
      }
    />
  );
}

function NoContacts({ isSearch, onNew }: { isSearch: boolean; onNew: () => void }) {
  const { t } = useTranslation("contacts");
  const user = useCurrentUser();
  if (isSearch) {
    return (
      <EmptyState icon={<SearchX />} title={t("nothing.title")}>
        {t("nothing.text")}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<ContactRound />}
      title={t("none.title")}
      action={may(user, "contacts:write") && <Button onClick={onNew}>{t("new.verb")}</Button>}
    >
      {t("none.text")}
    </EmptyState>
  );
}

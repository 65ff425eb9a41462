import { type RefObject, useMemo, useRef } from "react";
import { useResolve } from "@/shared/acts";
import { type Command, useCommands } from "@/shared/commands/registry";
import type { RowBook } from "@/shared/conversation-row/row-book";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { VirtualListHandle } from "@/shared/ui/list/virtual-list";
import { type ListPreset, type TabId, tabsOf } from "./tabs";

interface ListCommands {
  ids: readonly string[];
  openId: string | null;
  onOpen: (id: string) => void;
  handle: RefObject<VirtualListHandle | null>;
  book: RowBook;
  tab: TabId;
  preset: ListPreset;
  goToTab: (tab: TabId) => void;
}

/** The id `step` rows away from another; from nowhere the first or the last. */
export function idBeside(ids: readonly string[], id: string | null, step: 1 | -1): string | null {
  const index = id === null ? -1 : ids.indexOf(id);
  if (index < 0) return ids.at(step === 1 ? 0 : -1) ?? null;
  return ids[index + step] ?? null;
}

/** The keys that work anywhere on the page while the list is there. */
export function useListCommands(state: ListCommands): void {
  const { t } = useTranslation("inbox");
  const resolve = useResolve();
  const latest = useRef({ ...state, resolve });
  latest.current = { ...state, resolve };
  const commands = useMemo((): readonly Command[] => {
    const open = (id: string | null) => {
      if (!id) return;
      latest.current.onOpen(id);
      latest.current.handle.current?.scrollToRow(id);
    };
    const step = (by: 1 | -1) => open(idBeside(latest.current.ids, latest.current.openId, by));
    const resolveAndNext = async () => {
      const { ids, openId, book } = latest.current;
      const row = openId ? book.get(openId) : undefined;
      const next = idBeside(ids, openId, 1) ?? idBeside(ids, openId, -1);
      if (row && (await latest.current.resolve.run(row, undefined))) open(next);
    };
    const nextTab = () => {
      const tabs = tabsOf(latest.current.preset);
      const next = tabs[(tabs.indexOf(latest.current.tab) + 1) % tabs.length];
      if (next) latest.current.goToTab(next);
    };
    const common = { group: "list" as const };
    const canResolve = () => {
      const row = latest.current.openId
        ? latest.current.book.get(latest.current.openId)
        : undefined;
      return row !== undefined && latest.current.resolve.offered(row);
    };
    return [
      { ...common, id: "list.next", title: t("commands.next"), run: () => step(1) },
      { ...common, id: "list.previous", title: t("commands.previous"), run: () => step(-1) },
      { ...common, id: "list.next_tab", title: t("commands.next_tab"), run: nextTab },
      {
        group: "conversation",
        id: "conversation.resolve_next",
        order: 1,
        title: t("commands.resolve_next"),
        when: canResolve,
        run: resolveAndNext,
      },
    ];
  }, [t]);
  useCommands(commands);
}

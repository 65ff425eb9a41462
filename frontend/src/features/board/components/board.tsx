import { Bot, Clock, Headset } from "lucide-react";
import { type KeyboardEvent, useCallback, useRef, useState } from "react";
import { useConversationEntries } from "@/shared/acts";
import { useTeams } from "@/shared/api/colleagues";
import { usePreferences } from "@/shared/api/preferences";
import type { RowBook } from "@/shared/conversation-row/row-book";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Combobox } from "@/shared/ui/form/combobox";
import type { VirtualListHandle } from "@/shared/ui/list/virtual-list";
import { ContextMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { COLUMNS, type Column, columnBeside } from "../model/columns";
import { useMoves } from "../model/use-moves";
import { BoardColumn } from "./board-column";

export interface BoardProps {
  onOpen: (id: string) => void;
  /** The teams that are shown; none: all. */
  team?: readonly string[];
  onTeamChange?: (team: string[]) => void;
}

const ICONS = { pending: <Bot />, waiting: <Clock />, open: <Headset /> };
const ALL_TEAMS: readonly string[] = [];

/** Conversations by status: dragged, or moved by the menu of a row, between the columns. */
export function Board({ onOpen, team = ALL_TEAMS, onTeamChange }: BoardProps) {
  const { t } = useTranslation("board");
  const { density = "comfortable" } = usePreferences();
  const [book] = useState<RowBook>(() => new Map());
  const moves = useMoves();
  const entries = useMenuEntries(book, moves);
  const { handles, onIds, onRowKey } = useColumnKeys();
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 p-3">
      {onTeamChange && <TeamFilter team={team} onTeamChange={onTeamChange} />}
      <ContextMenu entries={entries.entries}>
        <section
          aria-label={t("columns")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also when all columns are empty
          tabIndex={0}
          className="focus-inset flex min-h-0 flex-1 snap-x gap-3 overflow-x-auto"
          onContextMenu={entries.onContextMenu}
        >
          {COLUMNS.map((column) => (
            <BoardColumn
              key={column}
              column={column}
              team={team}
              density={density}
              book={book}
              moves={moves}
              onOpen={onOpen}
              onRowKey={(event, id) => onRowKey(event, column, id)}
              onIds={onIds}
              handle={(handle) => {
                handles.current[column] = handle;
              }}
            />
          ))}
        </section>
      </ContextMenu>
      <p role="status" className="sr-only">
        {moves.announcement}
      </p>
      <p className="text-meta text-text-3 max-md:hidden">{t("hint")}</p>
    </div>
  );
}

function TeamFilter({ team, onTeamChange }: Required<Pick<BoardProps, "team" | "onTeamChange">>) {
  const { t } = useTranslation("board");
  const teams = useTeams();
  return (
    <Combobox
      multiple
      className="w-56"
      label={t("team")}
      placeholder={t("all_teams")}
      options={teams.map((each) => ({ value: each.slug, label: each.name }))}
      value={team}
      onChange={onTeamChange}
    />
  );
}

/** The menu of a row: where it can be moved, then all other acts. */
function useMenuEntries(book: RowBook, moves: ReturnType<typeof useMoves>) {
  const { t } = useTranslation("board");
  const entriesOf = useConversationEntries();
  const chosen = useRef<string | null>(null);
  const entries = (): MenuEntry[] => {
    const row = chosen.current ? book.get(chosen.current) : undefined;
    if (!row) return [];
    const targets = moves.targets(row).map(
      (column): MenuEntry => ({
        id: `move ${column}`,
        label: t(`shared:status.${column}`),
        icon: ICONS[column],
        onSelect: () => moves.move(row, column),
      }),
    );
    const heading: MenuEntry[] =
      targets.length > 0 ? [{ type: "heading", id: "move", label: t("move") }] : [];
    const line: MenuEntry[] = targets.length > 0 ? [{ type: "line", id: "line" }] : [];
    return [...heading, ...targets, ...line, ...entriesOf(row)];
  };
  const onContextMenu = (event: React.MouseEvent) => {
    const target = event.target instanceof Element ? event.target : null;
    chosen.current = target?.closest<HTMLElement>("[data-row-id]")?.dataset.rowId ?? null;
    if (!chosen.current) event.preventDefault();
  };
  return { entries, onContextMenu };
}

/** Left and right go to the column beside; `m` opens the menu of the row. */
function useColumnKeys() {
  const handles = useRef<Partial<Record<Column, VirtualListHandle | null>>>({});
  const shown = useRef<Partial<Record<Column, readonly string[]>>>({});
  const onIds = useCallback((column: Column, ids: readonly string[]) => {
    shown.current[column] = ids;
  }, []);
  const onRowKey = (event: KeyboardEvent, column: Column, id: string) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "m") {
      event.preventDefault();
      openMenu(event.target);
      return;
    }
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.preventDefault();
    const place = shown.current[column]?.indexOf(id) ?? 0;
    const step = event.key === "ArrowRight" ? 1 : -1;
    let next = columnBeside(column, step);
    while (next && !shown.current[next]?.length) next = columnBeside(next, step);
    const ids = next ? (shown.current[next] ?? []) : [];
    const row = ids[Math.min(place, ids.length - 1)];
    if (next && row) handles.current[next]?.focusRow(row);
  };
  return { handles, onIds, onRowKey };
}

/** Opens the context menu of a row as the menu key does. */
function openMenu(target: EventTarget): void {
  if (!(target instanceof Element)) return;
  const { left, top } = target.getBoundingClientRect();
  const place = { clientX: left + 48, clientY: top + 24 };
  target.dispatchEvent(
    new MouseEvent("contextmenu", { bubbles: true, cancelable: true, ...place }),
  );
}

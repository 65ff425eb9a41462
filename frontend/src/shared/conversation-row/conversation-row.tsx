import { Check } from "lucide-react";
import { memo } from "react";
import { useExpected } from "@/shared/acts";
import { formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type Conversation, useConversation, useUnread } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";
import { Avatar } from "@/shared/ui/display/avatar";
import { Badge } from "@/shared/ui/display/badge";
import { PriorityMark } from "@/shared/ui/display/priority-mark";
import { Skeleton } from "@/shared/ui/feedback/skeleton";
import { RowActivity, RowViewers } from "./row-activity";
import { type RowBook, useRecordedRow } from "./row-book";
import { RowClock } from "./row-clock";
import { RowMarks } from "./row-marks";
import { RowPreview } from "./row-preview";
import { SlaChip } from "./sla-chip";

export type Density = "comfortable" | "compact";
/** Pixels. */
export const ROW_HEIGHTS: Record<Density, number> = { comfortable: 64, compact: 52 };

export interface ConversationRowProps {
  id: string;
  density: Density;
  isOpen: boolean;
  isChosen: boolean;
  /** Whether rows are chosen here: the picture is then a box under the pointer. */
  choosable?: boolean;
  /** Some row is chosen: all rows show their box. */
  choosing: boolean;
  onToggle: (id: string, range: boolean) => void;
  book: RowBook;
}

/** One conversation in the list. It draws anew only when its own row or marks change. */
export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const row = useConversation(props.id);
  useRecordedRow(props.book, row);
  if (row) return <Row {...props} row={row} />;
  return (
    <div className="flex h-full items-center gap-3 px-3">
      <Skeleton className="size-8 rounded-full" />
      <Skeleton className="h-3 w-1/2" />
    </div>
  );
});

function Row({
  row: actual,
  density,
  isOpen,
  isChosen,
  choosable = true,
  choosing,
  onToggle,
}: ConversationRowProps & { row: Conversation }) {
  const { t } = useTranslation();
  const row = useExpected(actual);
  const unread = useUnread(row.id);
  const name = row.contact || (row.phone ? formatPhone(row.phone) : t("rows.no_name"));
  return (
    <div
      className={cn(
        "group relative flex h-full select-none items-center gap-2.5 border-divider border-b pr-3 pl-3 hover:bg-hover",
        (isOpen || isChosen) && "bg-selected hover:bg-selected",
      )}
    >
      {isOpen && <span aria-hidden className="absolute inset-y-0 left-0 w-[3px] bg-accent" />}
      {choosable ? (
        <ChoosableAvatar
          name={row.contact}
          seed={row.contact_id}
          shown={choosing}
          isChosen={isChosen}
          onToggle={(range) => onToggle(row.id, range)}
        />
      ) : (
        <Avatar name={row.contact} seed={row.contact_id} />
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex h-[18px] items-center gap-1.5">
          <span
            className={cn(
              "min-w-0 flex-1 truncate text-list text-text",
              unread > 0 ? "font-semibold" : "font-medium",
            )}
          >
            {name}
          </span>
          {row.priority !== "normal" && <PriorityMark priority={row.priority} />}
          <RowClock row={row} />
        </div>
        <div
          className={cn(
            "flex h-4 items-center gap-1.5 text-meta",
            unread > 0 ? "text-text" : "text-text-2",
          )}
        >
          <RowActivity id={row.id}>
            <RowPreview message={row.last_message} />
          </RowActivity>
          {density === "compact" && <SlaChip sla={row.sla} />}
          <RowViewers id={row.id} />
          <Badge count={unread} label={t("rows.unread", { count: unread })} />
        </div>
        {density === "comfortable" && <RowMarks row={row} />}
      </div>
    </div>
  );
}

interface ChoosableAvatarProps {
  name: string | null;
  seed: string;
  shown: boolean;
  isChosen: boolean;
  onToggle: (range: boolean) => void;
}

/** The picture, which is a box to choose the row while the pointer is on it; the key is `x`. */
function ChoosableAvatar({ name, seed, shown, isChosen, onToggle }: ChoosableAvatarProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the key
    // biome-ignore lint/a11y/noStaticElementInteractions: options have no controls of their own
    <span
      data-testid="choose"
      className="relative flex size-8 shrink-0 items-center justify-center"
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        onToggle(event.shiftKey);
      }}
    >
      <Avatar name={name} seed={seed} className={shown ? "hidden" : "group-hover:hidden"} />
      <span
        aria-hidden
        className={cn(
          "size-[18px] items-center justify-center rounded-[4px] border text-on-accent",
          shown ? "flex" : "hidden group-hover:flex",
          isChosen ? "border-accent bg-accent" : "border-control bg-page",
        )}
      >
        {isChosen && <Check strokeWidth={3} className="size-3.5" />}
      </span>
    </span>
  );
}

import { memo } from "react";
import type { DisplayRow } from "../model/display-rows";
import { DraftBubble } from "./draft-bubble";
import { DayLine, EventLine, UnreadLine, VisitLine } from "./event-line";
import { MessageBubble } from "./message-bubble";
import { OutboxBubble } from "./outbox-bubble";

/** One row of the virtual list, with the day and unread lines above it. */
export const ThreadRowView = memo(function ThreadRowView({
  row,
  today,
  isFlashing,
}: {
  row: DisplayRow;
  today: number;
  isFlashing: boolean;
}) {
  return (
    <div
      className={isFlashing ? "bg-selected transition-colors duration-700" : undefined}
      style={{ paddingTop: row.groupStart ? 12 : 2 }}
    >
      {row.day && (
        <div className="pb-3">
          <DayLine day={row.day} now={today} />
        </div>
      )}
      {row.unread && (
        <div className="pb-2">
          <UnreadLine />
        </div>
      )}
      <Content row={row} />
    </div>
  );
});

function Content({ row }: { row: DisplayRow }) {
  switch (row.type) {
    case "message":
      return (
        <MessageBubble conversationId={row.conversationId} message={row.message} decoration={row} />
      );
    case "outbox":
      return <OutboxBubble entry={row.entry} />;
    case "event":
      return <EventLine row={row} />;
    case "draft":
      return <DraftBubble draft={row.draft} />;
    case "visit":
      return <VisitLine conversation={row.conversation} />;
  }
}

import { useFormat } from "@/shared/format/use-format";
import { type Conversation, useNow } from "@/shared/live";
import { TimerText } from "@/shared/ui/display/timer-text";

/** The target of a first answer while a customer waits. The server has no such setting yet. */
const WAITING_TARGET_MS = 5 * 60_000;

/** How long the customer waits, or when the newest message was written. */
export function RowClock({ row }: { row: Conversation }) {
  return row.waiting_since && row.status !== "resolved" ? (
    <WaitingClock since={row.waiting_since} />
  ) : (
    <MessageTime moment={row.last_message?.sent_at ?? row.changed_at} />
  );
}

function WaitingClock({ since }: { since: string }) {
  return <TimerText since={since} now={useNow(1000)} targetMs={WAITING_TARGET_MS} />;
}

function MessageTime({ moment }: { moment: string }) {
  const format = useFormat();
  const now = useNow(60_000);
  return (
    <time
      dateTime={moment}
      title={format.dateTime(moment)}
      className="shrink-0 text-meta text-text-3 tabular-nums"
    >
      {format.ago(moment, now)}
    </time>
  );
}

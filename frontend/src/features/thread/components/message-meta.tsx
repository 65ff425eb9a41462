import { useFormat } from "@/shared/format/use-format";
import type { Message } from "@/shared/live";
import { DeliveryMark, isDeliveryStatus } from "./delivery-mark";
import { EditedMark } from "./edited-mark";

interface MessageMetaProps {
  conversationId: string;
  message: Message;
}

/** Time, "edited" and delivery in the corner of a bubble. */
export function MessageMeta({ conversationId, message }: MessageMetaProps) {
  const format = useFormat();
  const isOut = message.author !== "customer" && message.kind !== "note";
  return (
    <span className="flex items-center justify-end gap-1 text-badge text-text-3 tabular-nums">
      {message.edited_at && !message.deleted_at && (
        <EditedMark conversationId={conversationId} message={message} />
      )}
      <time dateTime={message.sent_at} title={format.dateTime(message.sent_at)}>
        {format.time(message.sent_at)}
      </time>
      {isOut && isDeliveryStatus(message.status) && <DeliveryMark status={message.status} />}
    </span>
  );
}

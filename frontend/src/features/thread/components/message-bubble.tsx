import { Lock, Sparkles } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";
import { useDrawnLater } from "@/shared/ui/use-drawn-later";
import type { Decoration, Side } from "../model/display-rows";
import { sideOf } from "../model/display-rows";
import { readTurnId } from "../model/message-details";
import { AssistantTurn } from "./assistant-turn";
import { useAuthorName } from "./author-name";
import { FailedSend } from "./failed-send";
import { MessageActions } from "./message-actions";
import { MessageBody } from "./message-body";
import { MessageMeta } from "./message-meta";
import { QuotedMessage } from "./quoted-message";
import { Reactions } from "./reactions";

export const BUBBLE_STYLES: Record<Side, string> = {
  in: "bg-bubble-in",
  out: "bg-bubble-out",
  note: "bg-note",
  system: "bg-hover",
};

interface MessageBubbleProps {
  conversationId: string;
  message: Message;
  decoration: Pick<Decoration, "groupStart" | "groupEnd">;
}

export const MessageBubble = memo(function MessageBubble(props: MessageBubbleProps) {
  const { conversationId, message, decoration } = props;
  const side = sideOf(message);
  const isRight = side !== "in";
  const hasActions = useDrawnLater() && !message.deleted_at;
  const turnId = message.author === "assistant" ? readTurnId(message.details) : null;
  return (
    <div className={cn("group/message flex items-end gap-1 px-4", isRight && "flex-row-reverse")}>
      <div className={cn("flex min-w-0 max-w-[min(72ch,78%)] flex-col", isRight && "items-end")}>
        {decoration.groupStart && isRight && <AuthorLine message={message} side={side} />}
        <div
          className={cn("max-w-full rounded-bubble px-3 py-1.5", BUBBLE_STYLES[side])}
          data-message={message.id}
        >
          {message.reply_to && <QuotedMessage id={message.reply_to} />}
          <MessageBody conversationId={conversationId} message={message} />
          <MessageMeta conversationId={conversationId} message={message} />
        </div>
        <Reactions reactions={message.reactions} />
        {message.status === "failed" && (
          <FailedSend conversationId={conversationId} message={message} />
        )}
        {turnId && decoration.groupEnd && (
          <AssistantTurn conversationId={conversationId} turnId={turnId} />
        )}
      </div>
      {hasActions && <MessageActions conversationId={conversationId} message={message} />}
    </div>
  );
});

function AuthorLine({ message, side }: { message: Message; side: Side }) {
  const { t } = useTranslation("thread");
  const name = useAuthorName(message);
  return (
    <p
      className={cn(
        "mb-0.5 flex items-center gap-1 px-1 text-meta",
        message.author === "assistant" ? "text-ai" : "text-text-3",
      )}
    >
      {message.author === "assistant" && <Sparkles className="size-3" aria-hidden />}
      {side === "note" && <Lock className="size-3" aria-hidden />}
      {side === "note" ? t("note.by", { name }) : name}
    </p>
  );
}

import { Ban } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { FormattedText } from "@/shared/ui/formatted-text";
import { AudioBody } from "./bodies/audio-body";
import { ChoiceBody, ContactBody, LocationBody, PollBody, UnknownBody } from "./bodies/card-bodies";
import { DocumentBody } from "./bodies/document-body";
import { ImageBody, StickerBody, VideoBody } from "./bodies/image-body";

interface MessageBodyProps {
  conversationId: string;
  message: Message;
}

/** Draws the content of a message by its kind. */
export function MessageBody({ conversationId, message }: MessageBodyProps) {
  const { t } = useTranslation("thread");
  if (message.deleted_at) {
    return (
      <p className="flex items-center gap-2 text-body text-text-3 italic">
        <Ban className="size-4" aria-hidden />
        {t("deleted")}
      </p>
    );
  }
  const props = { conversationId, message };
  switch (message.kind) {
    case "text":
      return <FormattedText text={message.text} />;
    case "note":
      return (
        <>
          {message.text && <FormattedText text={message.text} />}
          {message.file && (
            <DocumentBody conversationId={conversationId} message={{ ...message, text: "" }} />
          )}
        </>
      );
    case "image":
      return <ImageBody {...props} />;
    case "sticker":
      return <StickerBody {...props} />;
    case "video":
      return <VideoBody {...props} />;
    case "voice":
    case "audio":
      return <AudioBody {...props} />;
    case "document":
      return <DocumentBody {...props} />;
    case "location":
      return <LocationBody message={message} />;
    case "contact":
      return <ContactBody message={message} />;
    case "poll":
      return <PollBody message={message} />;
    case "choice":
    case "poll_vote":
      return <ChoiceBody message={message} />;
    default:
      return <UnknownBody message={message} />;
  }
}

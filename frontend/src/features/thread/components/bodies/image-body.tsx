import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { FormattedText } from "@/shared/ui/formatted-text";
import { useThreadContext } from "../../model/thread-context";
import { FileFrame } from "./file-frame";
import { mediaSize } from "./media-size";

interface BodyProps {
  conversationId: string;
  message: Message;
}

export function ImageBody({ conversationId, message }: BodyProps) {
  const { t } = useTranslation("thread");
  const { openViewer } = useThreadContext();
  const size = mediaSize(message);
  const frame = { width: size.width, aspectRatio: `${size.width} / ${size.height}` };
  return (
    <figure>
      <FileFrame
        conversationId={conversationId}
        message={message}
        placeholder={<div className="max-w-full rounded-control bg-hover" style={frame} />}
      >
        {(url) => (
          <button
            type="button"
            className="block max-w-full overflow-hidden rounded-control bg-hover"
            style={frame}
            aria-label={t("image.open")}
            onClick={() => openViewer(message.id)}
          >
            <img
              src={url}
              alt={message.text || t("image.alt")}
              className="size-full object-cover"
              loading="lazy"
              decoding="async"
            />
          </button>
        )}
      </FileFrame>
      {message.text && (
        <figcaption className="mt-1">
          <FormattedText text={message.text} />
        </figcaption>
      )}
    </figure>
  );
}

export function StickerBody({ conversationId, message }: BodyProps) {
  const { t } = useTranslation("thread");
  return (
    <FileFrame
      conversationId={conversationId}
      message={message}
      placeholder={<div className="size-32" />}
    >
      {(url) => (
        <img src={url} alt={t("sticker.alt")} className="size-32 object-contain" loading="lazy" />
      )}
    </FileFrame>
  );
}

export function VideoBody({ conversationId, message }: BodyProps) {
  const { t } = useTranslation("thread");
  const size = mediaSize(message);
  const frame = { width: size.width, aspectRatio: `${size.width} / ${size.height}` };
  const isGif = message.details.gif === true;
  return (
    <figure>
      <FileFrame
        conversationId={conversationId}
        message={message}
        placeholder={<div className="max-w-full rounded-control bg-hover" style={frame} />}
      >
        {(url) => (
          <video
            src={url}
            controls
            loop={isGif}
            muted={isGif}
            preload="metadata"
            aria-label={t("video.label")}
            className="max-w-full rounded-control bg-hover"
            style={frame}
          />
        )}
      </FileFrame>
      {message.text && <FormattedText text={message.text} />}
    </figure>
  );
}

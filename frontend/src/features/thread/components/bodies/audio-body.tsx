import { Mic, Music } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { AudioPlayer } from "@/shared/ui/audio-player";
import { FormattedText } from "@/shared/ui/formatted-text";
import { readDuration, readPeaks } from "../../model/message-details";
import { FileFrame } from "./file-frame";

export function AudioBody({
  conversationId,
  message,
}: {
  conversationId: string;
  message: Message;
}) {
  const { t } = useTranslation("thread");
  const isVoice = message.kind === "voice";
  const Icon = isVoice ? Mic : Music;
  return (
    <div className="w-72 max-w-full">
      <div className="flex items-center gap-2">
        <Icon className="size-4 shrink-0 text-text-3" aria-label={t(isVoice ? "voice" : "audio")} />
        <div className="min-w-0 flex-1">
          <FileFrame
            conversationId={conversationId}
            message={message}
            placeholder={<div className="h-10 rounded-control bg-hover" />}
          >
            {(url) => (
              <AudioPlayer url={url} duration={readDuration(message)} peaks={readPeaks(message)} />
            )}
          </FileFrame>
        </div>
      </div>
      <Transcript message={message} />
      {message.text && <FormattedText text={message.text} />}
    </div>
  );
}

function Transcript({ message }: { message: Message }) {
  const { t } = useTranslation("thread");
  if (message.transcript) {
    return (
      <div className="mt-1 border-divider border-t pt-1">
        <p className="text-badge text-text-3">{t("transcript.title")}</p>
        <FormattedText text={message.transcript} />
      </div>
    );
  }
  if (message.reading?.status === "waiting") {
    return <p className="mt-1 text-meta text-text-3">{t("transcript.waiting")}</p>;
  }
  return null;
}

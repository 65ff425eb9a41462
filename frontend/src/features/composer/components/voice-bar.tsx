import { SendHorizontal, Trash2 } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { formatPlayTime } from "@/shared/format/durations";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Spinner } from "@/shared/ui/feedback/progress";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { MAX_RECORDING_S, type Recording, startRecording } from "../model/recorder";

const MIN_RECORDING_S = 1;

interface VoiceBarProps {
  onSend: (file: File) => void;
  onClose: () => void;
}

/** Takes the place of the text while the microphone records. */
export function VoiceBar({ onSend, onClose }: VoiceBarProps) {
  const { t } = useTranslation("composer");
  const [seconds, setSeconds] = useState(0);
  const recording = useRecording(onClose);
  useEffect(() => {
    if (!recording) return;
    const timer = setInterval(() => setSeconds((each) => each + 1), 1000);
    return () => clearInterval(timer);
  }, [recording]);
  const send = useCallback(async () => {
    if (!recording) return;
    onSend(await recording.finish());
    onClose();
  }, [recording, onSend, onClose]);
  useEffect(() => {
    if (seconds >= MAX_RECORDING_S) void send();
  }, [seconds, send]);
  return (
    <fieldset className="flex h-14 items-center gap-3 px-3" aria-label={t("voice.label")}>
      <IconButton
        label={t("voice.discard")}
        onClick={() => {
          recording?.cancel();
          onClose();
        }}
      >
        <Trash2 />
      </IconButton>
      {recording ? (
        <span className="size-2.5 animate-pulse rounded-full bg-danger" aria-hidden />
      ) : (
        <Spinner label={t("voice.starting")} />
      )}
      <span className="flex-1 text-body tabular-nums" role="timer">
        {formatPlayTime(seconds)}
        {MAX_RECORDING_S - seconds <= 30 && (
          <span className="ml-2 text-meta text-warn">
            {t("voice.left", { seconds: MAX_RECORDING_S - seconds })}
          </span>
        )}
      </span>
      <IconButton
        variant="primary"
        size="large"
        label={t("voice.send")}
        disabled={!recording || seconds < MIN_RECORDING_S}
        onClick={() => void send()}
      >
        <SendHorizontal />
      </IconButton>
    </fieldset>
  );
}

function useRecording(onFail: () => void): Recording | null {
  const { t } = useTranslation("composer");
  const [recording, setRecording] = useState<Recording | null>(null);
  const failed = useRef<() => void>(() => undefined);
  failed.current = () => {
    toast.error(t("voice.forbidden"), { description: t("voice.forbidden_help") });
    onFail();
  };
  useEffect(() => {
    let isGone = false;
    let started: Recording | null = null;
    startRecording().then(
      (made) => {
        started = made;
        if (isGone) made.cancel();
        else setRecording(made);
      },
      () => !isGone && failed.current(),
    );
    return () => {
      isGone = true;
      started?.cancel();
    };
  }, []);
  return recording;
}

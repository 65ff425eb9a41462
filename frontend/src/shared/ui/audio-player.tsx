import { Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type WaveSurfer from "wavesurfer.js";
import { formatPlayTime } from "@/shared/format/durations";
import { useTranslation } from "@/shared/i18n/use-translation";
import { loadPart } from "@/shared/parts/load-part";

const SPEEDS = [1, 1.5, 2];
const WAVE_HEIGHT = 28;

interface AudioPlayerProps {
  url: string;
  /** Seconds, if known before loading. */
  duration: number | null;
  /** Loudness between 0 and 1; without it the wave is drawn after loading. */
  peaks: number[] | null;
}

/** Only one recording plays at a time. */
let playing: WaveSurfer | null = null;

function takeStage(wave: WaveSurfer) {
  if (playing !== wave) playing?.pause();
  playing = wave;
}

/** Plays a recording with its wave and a choice of speed. */
export function AudioPlayer({ url, duration, peaks }: AudioPlayerProps) {
  const { t } = useTranslation("shared");
  const box = useRef<HTMLDivElement>(null);
  const [wave, isFailed] = useWave(box, url, duration, peaks);
  const { isPlaying, position, length } = usePlayback(wave, duration);
  const [speed, setSpeed] = useState<number>(1);
  const nextSpeed = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1;
    wave?.setPlaybackRate(next, true);
    setSpeed(next);
  };
  if (isFailed) {
    return (
      <a className="text-link underline" href={url} target="_blank" rel="noopener noreferrer">
        {t("audio.download")}
      </a>
    );
  }
  const Icon = isPlaying ? Pause : Play;
  return (
    <div className="flex items-center gap-2" data-playing={isPlaying}>
      <button
        type="button"
        className="flex size-9 shrink-0 items-center justify-center rounded-full bg-accent text-on-accent hover:bg-accent-strong"
        aria-label={t(isPlaying ? "audio.pause" : "audio.play")}
        onClick={() => wave?.playPause()}
      >
        <Icon className="size-4" fill="currentColor" aria-hidden />
      </button>
      <div ref={box} className="min-w-0 flex-1" style={{ height: WAVE_HEIGHT }} aria-hidden />
      <span className="w-9 text-right text-meta text-text-2 tabular-nums">
        {formatPlayTime(isPlaying || position > 0 ? position : length)}
      </span>
      <button
        type="button"
        className="h-6 w-9 shrink-0 rounded-full bg-hover font-medium text-badge text-text-2"
        aria-label={t("audio.speed", { speed })}
        onClick={nextSpeed}
      >
        {speed}×
      </button>
    </div>
  );
}

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function useWave(
  box: React.RefObject<HTMLDivElement | null>,
  url: string,
  duration: number | null,
  peaks: number[] | null,
): [WaveSurfer | null, boolean] {
  const [wave, setWave] = useState<WaveSurfer | null>(null);
  const [isFailed, setFailed] = useState(false);
  const known = useRef({ duration, peaks });
  useEffect(() => {
    let made: WaveSurfer | null = null;
    let isGone = false;
    loadPart(() => import("wavesurfer.js"))
      .then(({ default: WaveSurferClass }) => {
        if (isGone || !box.current) return;
        const { duration: seconds, peaks: loudness } = known.current;
        made = WaveSurferClass.create({
          container: box.current,
          height: WAVE_HEIGHT,
          barWidth: 2,
          barGap: 2,
          barRadius: 2,
          waveColor: cssColor("--control"),
          progressColor: cssColor("--accent"),
          cursorWidth: 0,
          url,
          ...(loudness && seconds ? { peaks: [loudness], duration: seconds } : {}),
        });
        made.on("error", () => setFailed(true));
        setWave(made);
      })
      .catch(() => setFailed(true));
    return () => {
      isGone = true;
      if (made && playing === made) playing = null;
      made?.destroy();
      setWave(null);
    };
  }, [box, url]);
  return [wave, isFailed];
}

function usePlayback(wave: WaveSurfer | null, duration: number | null) {
  const [isPlaying, setPlaying] = useState(false);
  const [position, setPosition] = useState(0);
  const [length, setLength] = useState(duration ?? 0);
  useEffect(() => {
    if (!wave) return;
    const stops = [
      wave.on("ready", (seconds) => setLength(seconds)),
      wave.on("timeupdate", (seconds) => setPosition(Math.floor(seconds))),
      wave.on("play", () => {
        takeStage(wave);
        setPlaying(true);
      }),
      wave.on("pause", () => setPlaying(false)),
      wave.on("finish", () => {
        setPlaying(false);
        setPosition(0);
        wave.seekTo(0);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [wave]);
  return { isPlaying, position, length };
}

import type { SoundName } from "@/shared/api/preferences";

/** A tone that fades out. Times in seconds; `level` from 0 to 1. */
interface Tone {
  hertz: number;
  at: number;
  length: number;
  level: number;
  wave: OscillatorType;
  /** Where the pitch slides to. */
  to?: number;
}

const tone = (hertz: number, at: number, length: number, level = 0.5): Tone => ({
  hertz,
  at,
  length,
  level,
  wave: "sine",
});

// Short, made here, so that the product ships no sound of anybody else.
const SOUNDS: Record<Exclude<SoundName, "off">, readonly Tone[]> = {
  chime: [tone(523, 0, 0.5), tone(659, 0.12, 0.5), tone(784, 0.24, 0.7)],
  bell: [tone(880, 0, 0.9), tone(1760, 0, 0.5, 0.2), tone(2640, 0, 0.3, 0.1)],
  pop: [{ ...tone(320, 0, 0.12, 0.7), to: 720 }],
  ding: [tone(1175, 0, 0.5), tone(2350, 0, 0.25, 0.15)],
  knock: [
    { ...tone(190, 0, 0.08, 0.9), wave: "triangle", to: 90 },
    { ...tone(190, 0.16, 0.08, 0.9), wave: "triangle", to: 90 },
  ],
};

export const SOUND_NAMES: readonly SoundName[] = ["off", "chime", "bell", "pop", "ding", "knock"];

let context: AudioContext | null = null;

/** Browsers let a page sound only after the user has touched it. */
export function unlockSounds(): () => void {
  const unlock = () => {
    context ??= "AudioContext" in window ? new AudioContext() : null;
    if (context?.state === "suspended") void context.resume();
    stop();
  };
  const stop = () => {
    window.removeEventListener("pointerdown", unlock);
    window.removeEventListener("keydown", unlock);
  };
  window.addEventListener("pointerdown", unlock);
  window.addEventListener("keydown", unlock);
  return stop;
}

function playTone(audio: AudioContext, each: Tone, volume: number): void {
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  const start = audio.currentTime + each.at;
  const end = start + each.length;
  oscillator.type = each.wave;
  oscillator.frequency.setValueAtTime(each.hertz, start);
  if (each.to) oscillator.frequency.exponentialRampToValueAtTime(each.to, end);
  gain.gain.setValueAtTime(0.0001, start);
  gain.gain.exponentialRampToValueAtTime(Math.max(each.level * volume, 0.0001), start + 0.008);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(end + 0.02);
}

/** Plays a sound. `volume` in percent. Silent if the browser does not allow it yet. */
export function playSound(name: SoundName, volume: number): void {
  if (name === "off" || volume <= 0) return;
  context ??= "AudioContext" in window ? new AudioContext() : null;
  if (!context) return;
  if (context.state === "suspended") void context.resume();
  for (const each of SOUNDS[name]) playTone(context, each, volume / 100);
}

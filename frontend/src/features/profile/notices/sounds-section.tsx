import { Play } from "lucide-react";
import { useState } from "react";
import { type SoundName, usePreferences, useUpdatePreferences } from "@/shared/api/preferences";
import { useTranslation } from "@/shared/i18n/use-translation";
import { playSound, SOUND_NAMES } from "@/shared/sounds/play";
import { Select } from "@/shared/ui/form/select";
import { IconButton } from "@/shared/ui/icon-button";

const KINDS = ["new_message", "new_conversation", "mention"] as const;

/** The sound of each kind of event, and how loud. */
export function SoundsSection() {
  const { t } = useTranslation("profile");
  const { sounds } = usePreferences();
  const { mutate } = useUpdatePreferences();
  const [volume, setVolume] = useState<number | null>(null);
  const shownVolume = volume ?? sounds.volume;
  const set = (part: Partial<typeof sounds>) =>
    mutate((current) => ({ ...current, sounds: { ...current.sounds, ...part } }));
  const keepVolume = () => {
    if (volume === null) return;
    set({ volume });
    setVolume(null);
    playSound("pop", volume);
  };
  const options = SOUND_NAMES.map((value) => ({ value, label: t(`sounds.names.${value}`) }));
  return (
    <>
      <ul className="flex flex-col gap-2">
        {KINDS.map((kind) => (
          <li key={kind} className="flex flex-wrap items-center gap-x-4 gap-y-1">
            <span className="min-w-48 flex-1 text-list">{t(`kinds.${kind}`)}</span>
            <Select<SoundName>
              aria-label={t(`kinds.${kind}`)}
              value={sounds[kind]}
              options={options}
              onChange={(sound) => {
                set({ [kind]: sound });
                playSound(sound, sounds.volume);
              }}
              className="w-40"
            />
            <IconButton
              label={t("sounds.preview", { name: t(`kinds.${kind}`) })}
              disabled={sounds[kind] === "off"}
              onClick={() => playSound(sounds[kind], sounds.volume)}
            >
              <Play />
            </IconButton>
          </li>
        ))}
      </ul>
      <label className="flex flex-wrap items-center gap-x-4 gap-y-1 text-list">
        <span className="min-w-48 flex-1">{t("sounds.volume")}</span>
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          value={shownVolume}
          onChange={(event) => setVolume(Number(event.target.value))}
          onPointerUp={keepVolume}
          onKeyUp={keepVolume}
          onBlur={keepVolume}
          className="w-40 accent-accent"
        />
        <span className="w-8 text-text-3 tabular-nums">{shownVolume}%</span>
      </label>
    </>
  );
}

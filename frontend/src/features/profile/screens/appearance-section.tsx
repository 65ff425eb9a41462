import { type Preferences, usePreferences, useUpdatePreferences } from "@/shared/api/preferences";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Choice } from "./choice";

const LANGUAGE_NAMES = { "pt-BR": "Português (Brasil)", en: "English" } as const;

/** Theme, language, how lists look, and which key sends. */
export function AppearanceSection() {
  const { t } = useTranslation("profile");
  const preferences = usePreferences();
  const { mutate } = useUpdatePreferences();
  const set = (part: Partial<Preferences>) => mutate((current) => ({ ...current, ...part }));
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Choice
        label={t("appearance.theme")}
        value={preferences.theme}
        options={{
          system: t("appearance.system"),
          light: t("appearance.light"),
          dark: t("appearance.dark"),
        }}
        onChange={(theme) => set({ theme })}
      />
      <Choice
        label={t("appearance.language")}
        value={preferences.language}
        options={LANGUAGE_NAMES}
        onChange={(language) => set({ language })}
      />
      <Choice
        label={t("appearance.density")}
        value={preferences.density}
        options={{
          comfortable: t("appearance.comfortable"),
          compact: t("appearance.compact"),
        }}
        onChange={(density) => set({ density })}
      />
      <Choice
        label={t("appearance.send_with")}
        hint={preferences.send_with === "enter" ? t("appearance.enter_hint") : undefined}
        value={preferences.send_with}
        options={{ enter: "Enter", ctrl_enter: "Ctrl + Enter" }}
        onChange={(send_with) => set({ send_with })}
      />
      <Choice
        label={t("appearance.list_preset")}
        value={preferences.list_preset}
        options={{
          default: t("appearance.preset_default"),
          brazilian: t("appearance.preset_brazilian"),
        }}
        onChange={(list_preset) => set({ list_preset })}
        className="sm:col-span-2"
      />
    </div>
  );
}

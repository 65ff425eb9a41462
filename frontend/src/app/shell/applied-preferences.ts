import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { preferencesQuery } from "@/shared/api/preferences";
import { rememberLanguage, setLanguage } from "@/shared/i18n/i18n";
import { applyTheme } from "@/shared/ui/theme";

/** Shows the theme and the language that the user has chosen, also those of another device. */
export function useAppliedPreferences(): void {
  const preferences = useQuery(preferencesQuery).data?.preferences;
  const theme = preferences?.theme;
  const language = preferences?.language;
  useEffect(() => {
    if (theme) applyTheme(theme);
  }, [theme]);
  useEffect(() => {
    if (!language) return;
    rememberLanguage(language);
    void setLanguage(language);
  }, [language]);
}

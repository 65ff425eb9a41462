export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "niochat.theme";
const darkScreen = () => matchMedia("(prefers-color-scheme: dark)");

/** The theme that this browser remembers. It is no secret, and the first paint needs it. */
export function readTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return THEMES.find((each) => each === stored) ?? "system";
}

/** Shows a theme and remembers it. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  showTheme(theme);
}

/** Follows the system's theme while the user has chosen "system". Returns how to stop. */
export function followSystemTheme(): () => void {
  const query = darkScreen();
  const update = () => showTheme(readTheme());
  query.addEventListener("change", update);
  return () => query.removeEventListener("change", update);
}

function showTheme(theme: Theme): void {
  const dark = theme === "dark" || (theme === "system" && darkScreen().matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

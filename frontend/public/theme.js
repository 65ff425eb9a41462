// Sets the theme before the first paint. The same rule is in src/shared/ui/theme.ts.
(() => {
  let theme = "system";
  try {
    theme = localStorage.getItem("niochat.theme") || "system";
  } catch {}
  const dark =
    theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();

/** Marks the icon of the tab, and the installed app's icon, while something is unread. */
export function showUnread(count: number): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const href = count > 0 ? "/favicon-unread.svg" : "/favicon.svg";
  if (link && link.getAttribute("href") !== href) link.href = href;
  const badge = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
  badge?.catch(() => undefined); // only an installed app may have one
}

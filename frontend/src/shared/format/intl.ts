// A formatter of the browser takes a hundred times as long to make as to use, and a screen of messages
// needs hundreds.

const formatters = new Map<string, unknown>();

function remember<Formatter>(key: string, create: () => Formatter): Formatter {
  const known = formatters.get(key) as Formatter | undefined;
  if (known) return known;
  const created = create();
  formatters.set(key, created);
  return created;
}

/** The one formatter of dates for a language and options. */
export function dateFormatter(
  locale: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = `date ${locale} ${JSON.stringify(options)}`;
  return remember(key, () => new Intl.DateTimeFormat(locale, options));
}

/** The one formatter of "yesterday" and "now" for a language. */
export function relativeFormatter(locale: string): Intl.RelativeTimeFormat {
  const create = () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return remember(`relative ${locale}`, create);
}

/** The one formatter of numbers for a language and options. */
export function numberFormatter(
  locale: string,
  options: Intl.NumberFormatOptions = {},
): Intl.NumberFormat {
  const key = `number ${locale} ${JSON.stringify(options)}`;
  return remember(key, () => new Intl.NumberFormat(locale, options));
}

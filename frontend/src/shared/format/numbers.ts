import { numberFormatter } from "./intl";

/** Reais: "R$ 89,90". */
export function formatMoney(amount: number, locale: string, currency = "BRL"): string {
  return numberFormatter(locale, { style: "currency", currency }).format(amount);
}

export function formatNumber(value: number, locale: string): string {
  return numberFormatter(locale).format(value);
}

const UNITS = ["B", "kB", "MB", "GB"] as const;

/** Bytes: "812 B", "1,4 MB" (1 kB = 1,000 B, as file managers show it). */
export function formatFileSize(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  const number = numberFormatter(locale, { maximumFractionDigits: digits }).format(value);
  return `${number} ${UNITS[unit]}`;
}

/** A count for a badge: 9 → "9", 10 → "9+". */
export function formatCount(count: number, max = 9): string {
  return count > max ? `${max}+` : String(count);
}

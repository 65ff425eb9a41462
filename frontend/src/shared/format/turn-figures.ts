import { numberFormatter } from "./intl";

/** `1,2 s` */
export function formatSeconds(seconds: number, locale: string): string {
  const digits = seconds < 10 ? 1 : 0;
  const options = { maximumFractionDigits: digits, minimumFractionDigits: digits };
  return `${numberFormatter(locale, options).format(seconds)} s`;
}

/** `R$ 0,0031`: a turn costs a fraction of a cent, so two significant digits are kept. */
export function formatCost(cost: number, locale: string): string {
  return numberFormatter(locale, {
    style: "currency",
    currency: "BRL",
    minimumFractionDigits: 2,
    maximumSignificantDigits: 2,
    roundingPriority: "morePrecision",
  }).format(cost);
}

import { numberFormatter } from "@/shared/format/intl";
import { useTranslation } from "@/shared/i18n/use-translation";

/** Formats a share from 0 to 1; a dash if there is none. */
export function usePercent(): (share: number | null) => string {
  const { language } = useTranslation();
  const formatter = numberFormatter(language, { style: "percent", maximumFractionDigits: 1 });
  return (share) => (share === null ? "–" : formatter.format(share));
}

import { useColleagues, useTeams } from "@/shared/api/colleagues";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";

const NOTHING = "—";
const MOMENT = /^\d{4}-\d\d-\d\dT/;

/** Formats a field of the state before or after an event, as the screens name such values. */
export function useFieldValue(): (field: string, value: unknown) => string {
  const { t } = useTranslation("history");
  const format = useFormat();
  const [colleagues, teams] = [useColleagues(), useTeams()];
  return (field, value) => {
    if (value === null || value === undefined || value === "") return NOTHING;
    if (typeof value === "boolean") return t(value ? "yes" : "no");
    if (Array.isArray(value)) return value.join(", ") || NOTHING;
    const text = String(value);
    switch (field) {
      case "status":
        return t(`shared:status.${text}`, { defaultValue: text });
      case "priority":
        return t(`shared:priority.${text}`, { defaultValue: text });
      case "holder":
        return t(`holders.${text}`, { defaultValue: text });
      case "agent":
        return colleagues.find((each) => each.id === text)?.name ?? text;
      case "team":
        return teams.find((each) => each.slug === text)?.name ?? text;
      default:
        return MOMENT.test(text) ? format.dateTime(text) : text;
    }
  };
}

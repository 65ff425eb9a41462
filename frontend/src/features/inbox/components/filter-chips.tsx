import { memo } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Chip } from "@/shared/ui/display/chip";
import { countFilters, FILTER_NAMES, filterValues, withFilter } from "../model/filters";
import { type FilterProps, useFilterOptions } from "./filter-popover";

/** The filters that are in force, each with a button that takes it away. */
export const FilterChips = memo(function FilterChips(props: FilterProps) {
  return countFilters(props.search) > 0 ? <Chips {...props} /> : null;
});

function Chips({ search, onSearchChange }: FilterProps) {
  const { t } = useTranslation("inbox");
  const options = useFilterOptions();
  const chips = FILTER_NAMES.flatMap((name) =>
    filterValues(search, name).map((value) => ({
      name,
      value,
      label: options[name].find((each) => each.value === value)?.label ?? value,
    })),
  );
  return (
    <ul
      aria-label={t("filter.in_force")}
      className="flex shrink-0 flex-wrap gap-1 border-divider border-b px-3 pb-2"
    >
      {chips.map(({ name, value, label }) => (
        <li key={`${name} ${value}`} className="min-w-0">
          <Chip
            removeLabel={t("filter.remove", { label })}
            onRemove={() =>
              onSearchChange(
                withFilter(
                  search,
                  name,
                  filterValues(search, name).filter((each) => each !== value),
                ),
              )
            }
          >
            {label}
          </Chip>
        </li>
      ))}
    </ul>
  );
}

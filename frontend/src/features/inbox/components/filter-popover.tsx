import { ListFilter as FilterIcon } from "lucide-react";
import { useChannels, useColleagues, useTeams } from "@/shared/api/colleagues";
import { useLabels } from "@/shared/api/labels";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { InboxSearch } from "@/shared/navigation/inbox-search";
import { Button } from "@/shared/ui/button";
import { Avatar } from "@/shared/ui/display/avatar";
import { Badge } from "@/shared/ui/display/badge";
import { LabelDot } from "@/shared/ui/display/chip";
import { PRIORITIES, PriorityMark } from "@/shared/ui/display/priority-mark";
import { StatusIcon } from "@/shared/ui/display/status-pill";
import { Combobox } from "@/shared/ui/form/combobox";
import { Field } from "@/shared/ui/form/field";
import type { ComboboxOption } from "@/shared/ui/form/option-list";
import { IconButton } from "@/shared/ui/icon-button";
import { Popover } from "@/shared/ui/overlay/popover";
import {
  countFilters,
  FILTER_NAMES,
  type FilterName,
  filterValues,
  STATUSES,
  withFilter,
  withoutFilters,
} from "../model/filters";

/** What each filter can be set to, with the words of the screen. */
export function useFilterOptions(): Record<FilterName, readonly ComboboxOption[]> {
  const { t } = useTranslation("inbox");
  const [teams, channels] = [useTeams(), useChannels()];
  const [colleagues, labels] = [useColleagues(), useLabels()];
  return {
    team: teams.map((each) => ({ value: each.slug, label: each.name })),
    channel: channels.map((each) => ({ value: each.id, label: each.name })),
    label: labels.map((each) => ({
      value: each.name,
      label: each.name,
      hint: String(each.conversations),
      icon: <LabelDot label={each.name} />,
    })),
    status: STATUSES.map((status) => ({
      value: status,
      label: t(`shared:status.${status}`),
      icon: <span className="text-text-3 [&_svg]:size-4">{<StatusIcon status={status} />}</span>,
    })),
    priority: PRIORITIES.map((priority) => ({
      value: priority,
      label: t(`shared:priority.${priority}`),
      icon: <PriorityMark priority={priority} />,
    })),
    agent: [
      { value: "me", label: t("filter.me") },
      { value: "none", label: t("filter.nobody") },
      ...colleagues.map((each) => ({
        value: each.id,
        label: each.name,
        icon: <Avatar name={each.name} seed={each.id} photo={each.photo_url} size="small" />,
      })),
    ],
  };
}

export interface FilterProps {
  search: InboxSearch;
  onSearchChange: (search: InboxSearch) => void;
}

export function FilterPopover({ search, onSearchChange }: FilterProps) {
  const { t } = useTranslation("inbox");
  const count = countFilters(search);
  return (
    <Popover
      label={t("filter.title")}
      align="end"
      className="flex w-72 flex-col gap-3"
      trigger={
        <IconButton
          label={count > 0 ? t("filter.active", { count }) : t("filter.title")}
          className="relative"
          {...(count > 0 ? { pressed: true } : {})}
        >
          <FilterIcon />
          <Badge count={count} className="absolute -top-1 -right-1" />
        </IconButton>
      }
    >
      <FilterFields search={search} onSearchChange={onSearchChange} />
    </Popover>
  );
}

/** Mounted when the layer opens, so that labels and channels are asked for only then. */
function FilterFields({ search, onSearchChange }: FilterProps) {
  const { t } = useTranslation("inbox");
  const options = useFilterOptions();
  return (
    <>
      {FILTER_NAMES.map((name) => (
        <Field key={name} label={t(`filter.${name}`)}>
          <Combobox
            multiple
            label={t("filter.search")}
            placeholder={t("filter.any")}
            options={options[name]}
            value={filterValues(search, name)}
            onChange={(values) => onSearchChange(withFilter(search, name, values))}
          />
        </Field>
      ))}
      <Button
        disabled={countFilters(search) === 0}
        onClick={() => onSearchChange(withoutFilters(search))}
      >
        {t("filter.clear")}
      </Button>
    </>
  );
}

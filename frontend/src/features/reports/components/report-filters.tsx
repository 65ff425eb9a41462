import { ListFilter as FilterIcon } from "lucide-react";
import { useChannels, useColleagues, useTeams } from "@/shared/api/colleagues";
import { useLabels } from "@/shared/api/labels";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Combobox } from "@/shared/ui/form/combobox";
import { Field } from "@/shared/ui/form/field";
import type { ComboboxOption } from "@/shared/ui/form/option-list";
import { Popover } from "@/shared/ui/overlay/popover";
import { FILTER_NAMES, type FilterName, type ReportView, withFilter } from "../model/report-view";

interface ReportFilterProps {
  view: ReportView;
  onChange: (view: ReportView) => void;
}

/** The filters; the button names those that are set. */
export function ReportFilterPopover({ view, onChange }: ReportFilterProps) {
  const { t } = useTranslation("reports");
  const count = Object.keys(view.filters).length;
  return (
    <Popover
      label={t("filters.title")}
      className="flex w-72 flex-col gap-3"
      trigger={
        <Button>
          <FilterIcon aria-hidden className="size-4" />
          {count > 0 ? t("filters.active", { count }) : t("filters.title")}
        </Button>
      }
    >
      <FilterFields view={view} onChange={onChange} />
    </Popover>
  );
}

function useFilterOptions(): Record<FilterName, readonly ComboboxOption[]> {
  const { t } = useTranslation("reports");
  const [teams, colleagues] = [useTeams(), useColleagues()];
  const [channels, labels] = [useChannels(), useLabels()];
  return {
    team: [
      { value: "none", label: t("without.team") },
      ...teams.map((each) => ({ value: each.slug, label: each.name })),
    ],
    agent: [
      { value: "none", label: t("without.agent") },
      ...colleagues.map((each) => ({ value: each.id, label: each.name })),
    ],
    channel: channels.map((each) => ({ value: each.id, label: each.name })),
    label: labels.map((each) => ({ value: each.name, label: each.name })),
  };
}

/** Mounted when the layer opens, so that labels and channels are asked for only then. */
function FilterFields({ view, onChange }: ReportFilterProps) {
  const { t } = useTranslation("reports");
  const options = useFilterOptions();
  return (
    <>
      {FILTER_NAMES.map((name) => (
        <Field key={name} label={t(`filters.${name}`)}>
          <Combobox
            label={t(`filters.${name}`)}
            placeholder={t("filters.any")}
            options={options[name]}
            value={view.filters[name] ?? null}
            onChange={(value) => onChange(withFilter(view, name, value))}
          />
        </Field>
      ))}
      <Button
        disabled={Object.keys(view.filters).length === 0}
        onClick={() => onChange({ ...view, filters: {} })}
      >
        {t("filters.clear")}
      </Button>
    </>
  );
}

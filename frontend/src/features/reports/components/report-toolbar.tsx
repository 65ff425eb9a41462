import { useTranslation } from "@/shared/i18n/use-translation";
import { Input } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { Switch } from "@/shared/ui/form/switch";
import { customRange, formatRange, PRESETS, previousRange } from "../model/period";
import type { ReportView } from "../model/report-view";
import type { ReportBase } from "../model/use-report";
import { ReportFilterPopover } from "./report-filters";

interface ReportToolbarProps {
  view: ReportView;
  base: ReportBase;
  onChange: (view: ReportView) => void;
}

/** The period and how it is measured. */
export function ReportToolbar({ view, base, onChange }: ReportToolbarProps) {
  const { t, language } = useTranslation("reports");
  const range = formatRange(base.range, language);
  const before = formatRange(previousRange(base.range), language);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Select
          aria-label={t("period.label")}
          className="w-40"
          value={view.preset}
          options={PRESETS.map((value) => ({ value, label: t(`period.${value}`) }))}
          onChange={(preset) =>
            onChange({ ...view, preset, custom: preset === "outro" ? base.range : null })
          }
        />
        {view.preset === "outro" && <CustomDays view={view} base={base} onChange={onChange} />}
        <ReportFilterPopover view={view} onChange={onChange} />
        <Switch
          label={t("compare")}
          checked={view.compare}
          onCheckedChange={(compare) => onChange({ ...view, compare })}
        />
        <Switch
          label={t("business_hours")}
          checked={view.businessHours}
          onCheckedChange={(businessHours) => onChange({ ...view, businessHours })}
        />
      </div>
      <p className="text-meta text-text-2 tabular-nums">
        {view.compare ? t("range_compared", { range, before }) : range}
        {` · ${t("timezone", { zone: base.timezone.replaceAll("_", " ") })}`}
      </p>
    </div>
  );
}

function CustomDays({ view, base, onChange }: ReportToolbarProps) {
  const { t } = useTranslation("reports");
  const { from, to } = base.range;
  // A date that is being typed is no date yet, and the period stays.
  const change = (custom: ReturnType<typeof customRange>) =>
    custom && onChange({ ...view, custom });
  return (
    <span className="flex items-center gap-2">
      <Input
        type="date"
        aria-label={t("period.from")}
        className="w-36"
        max={base.today}
        defaultValue={from}
        onChange={(event) => change(customRange(event.target.value, to))}
      />
      <span aria-hidden>–</span>
      <Input
        type="date"
        aria-label={t("period.to")}
        className="w-36"
        max={base.today}
        defaultValue={to}
        onChange={(event) => change(customRange(from, event.target.value))}
      />
    </span>
  );
}

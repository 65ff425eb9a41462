import { ArrowDown, ArrowUp, ListOrdered, X } from "lucide-react";
import { formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { PanelSection, PanelSections } from "@/shared/navigation/panel-sections";
import { Avatar } from "@/shared/ui/display/avatar";
import { Chip } from "@/shared/ui/display/chip";
import { IconButton } from "@/shared/ui/icon-button";
import { Popover } from "@/shared/ui/overlay/popover";

interface PanelHeaderProps {
  person: { id: string; name: string | null; phone: string | null; blocked: boolean };
  sections: PanelSections;
  shown: readonly PanelSection[];
  onClose?: (() => void) | undefined;
}

/** Who the sections below are about. */
export function PanelHeader({ person, sections, shown, onClose }: PanelHeaderProps) {
  const { t } = useTranslation("app");
  const phone = person.phone ? formatPhone(person.phone) : null;
  return (
    <header className="flex min-h-14 shrink-0 items-center gap-3 border-divider border-b py-2 pr-2 pl-4">
      <Avatar name={person.name} seed={person.id} />
      <div className="min-w-0 flex-1">
        <h2 className="truncate font-semibold text-title">
          <bdi>{person.name || phone || t("shared:ui.no_name")}</bdi>
        </h2>
        <p className="flex items-center gap-2 text-meta text-text-3 tabular-nums">
          {phone}
          {person.blocked && <Chip tone="danger">{t("side_panel.blocked")}</Chip>}
        </p>
      </div>
      <Popover
        align="end"
        label={t("side_panel.arrange")}
        className="w-64"
        trigger={
          <IconButton label={t("side_panel.arrange")}>
            <ListOrdered />
          </IconButton>
        }
      >
        <SectionOrder sections={sections} shown={shown} />
      </Popover>
      {onClose && (
        <IconButton label={t("side_panel.close")} shortcut="Alt+O" onClick={onClose}>
          <X />
        </IconButton>
      )}
    </header>
  );
}

function SectionOrder({ sections, shown }: Pick<PanelHeaderProps, "sections" | "shown">) {
  const { t } = useTranslation("app");
  return (
    <ol>
      {shown.map((section) => {
        const name = t(`side_panel.${section}`);
        return (
          <li key={section} className="flex min-h-8 items-center gap-1 text-list">
            <span className="min-w-0 flex-1 truncate">{name}</span>
            <IconButton
              size="small"
              label={t("side_panel.up", { name })}
              aria-disabled={section === shown[0]}
              className="aria-disabled:opacity-50"
              onClick={() => sections.move(section, -1, shown)}
            >
              <ArrowUp />
            </IconButton>
            <IconButton
              size="small"
              label={t("side_panel.down", { name })}
              aria-disabled={section === shown.at(-1)}
              className="aria-disabled:opacity-50"
              onClick={() => sections.move(section, 1, shown)}
            >
              <ArrowDown />
            </IconButton>
          </li>
        );
      })}
    </ol>
  );
}

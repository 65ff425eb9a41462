import { Lock, Reply } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ComposerDraft } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";

type Mode = ComposerDraft["mode"];
const ICONS = { reply: Reply, note: Lock };

interface ModeTabsProps {
  mode: Mode;
  modes: readonly Mode[];
  onChange: (mode: Mode) => void;
}

/** Responder | Nota interna */
export const ModeTabs = memo(function ModeTabs({ mode, modes, onChange }: ModeTabsProps) {
  const { t } = useTranslation("composer");
  return (
    <fieldset aria-label={t("modes.label")} className="flex gap-1 px-2 pt-1.5">
      {modes.map((each) => {
        const Icon = ICONS[each];
        return (
          <button
            key={each}
            type="button"
            aria-pressed={mode === each}
            className={cn(
              "flex h-7 items-center gap-1.5 rounded-control px-2 font-medium text-list text-text-2",
              mode === each && "bg-hover text-text",
            )}
            onClick={() => onChange(each)}
          >
            <Icon className="size-3.5" aria-hidden />
            {t(`modes.${each}`)}
          </button>
        );
      })}
    </fieldset>
  );
});

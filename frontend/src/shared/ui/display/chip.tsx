import { X } from "lucide-react";
import type { ReactNode } from "react";
import { stableIndex } from "@/shared/format/names";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";

const DOTS = ["bg-accent", "bg-ok", "bg-warn", "bg-link", "bg-ai", "bg-danger"] as const;

export interface ChipProps {
  children: ReactNode;
  icon?: ReactNode;
  tone?: "neutral" | "accent" | "ok" | "warn" | "danger" | "ai";
  /** Shows a button that takes the chip away. `removeLabel` is its name. */
  onRemove?: (() => void) | undefined;
  removeLabel?: string;
  className?: string;
}

const TONES = {
  neutral: "bg-hover text-text-2",
  accent: "bg-selected text-accent",
  ok: "tint-ok",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
  ai: "bg-ai-soft text-ai",
};

export function Chip({
  children,
  icon,
  tone = "neutral",
  onRemove,
  removeLabel,
  className,
}: ChipProps) {
  const { t } = useTranslation();
  return (
    <span
      className={cn(
        "inline-flex h-5 min-w-0 max-w-full items-center gap-1 rounded-full px-2 font-medium text-badge [&_svg]:size-3 [&_svg]:shrink-0",
        TONES[tone],
        onRemove && "h-6 pr-0",
        className,
      )}
    >
      {icon}
      <span className="truncate">{children}</span>
      {onRemove && (
        <button
          type="button"
          aria-label={removeLabel ?? t("ui.remove")}
          onClick={onRemove}
          className="inline-flex size-6 shrink-0 items-center justify-center rounded-full hover:text-text"
        >
          <X aria-hidden />
        </button>
      )}
    </span>
  );
}

export interface LabelChipProps {
  /** The slug of the label. */
  label: string;
  onRemove?: () => void;
  className?: string;
}

export function LabelDot({ label, className }: { label: string; className?: string }) {
  return (
    <span
      aria-hidden
      className={cn(
        "size-2 shrink-0 rounded-full",
        DOTS[stableIndex(label, DOTS.length)],
        className,
      )}
    />
  );
}

/** A label: grey, with a dot in a colour of its own. */
export function LabelChip({ label, onRemove, className }: LabelChipProps) {
  const { t } = useTranslation();
  return (
    <Chip
      icon={<LabelDot label={label} />}
      onRemove={onRemove}
      removeLabel={t("ui.remove_label", { label })}
      className={cn("px-1.5", className)}
    >
      {label}
    </Chip>
  );
}

/** The first labels and how many more there are. */
export function LabelChips({ labels, max = 2 }: { labels: readonly string[]; max?: number }) {
  const { t } = useTranslation();
  const more = labels.slice(max);
  return (
    <>
      {labels.slice(0, max).map((label) => (
        <LabelChip key={label} label={label} className="h-4 max-w-24" />
      ))}
      {more.length > 0 && (
        <span className="text-badge text-text-3" title={more.join(", ")}>
          <span aria-hidden>+{more.length}</span>
          <span className="sr-only">{t("ui.more_labels", { labels: more.join(", ") })}</span>
        </span>
      )}
    </>
  );
}

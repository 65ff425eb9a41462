import { Bot, CircleAlert, Info, TriangleAlert, X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";
import { IconButton } from "../icon-button";

const LOOKS = {
  info: { Icon: Info, colours: "bg-hover text-text-2" },
  warn: { Icon: TriangleAlert, colours: "bg-warn-soft text-warn" },
  danger: { Icon: CircleAlert, colours: "bg-danger-soft text-danger" },
  ai: { Icon: Bot, colours: "bg-ai-soft text-ai" },
} as const;

export interface BannerProps {
  tone?: keyof typeof LOOKS;
  icon?: ReactNode;
  children: ReactNode;
  /** Buttons at the end. */
  actions?: ReactNode;
  onClose?: () => void;
  /** Announces the banner when it appears. */
  live?: boolean;
  className?: string;
}

/** A strip that says something about what stands below it. */
export function Banner({
  tone = "info",
  icon,
  children,
  actions,
  onClose,
  live = false,
  className,
}: BannerProps) {
  const { t } = useTranslation();
  const { Icon, colours } = LOOKS[tone];
  return (
    <div
      role={live ? (tone === "danger" ? "alert" : "status") : undefined}
      className={cn(
        "flex min-h-9 items-center gap-2 px-3 py-1 text-list [&>svg]:size-4 [&>svg]:shrink-0",
        colours,
        className,
      )}
    >
      {icon ?? <Icon aria-hidden />}
      <div className="min-w-0 flex-1">{children}</div>
      {actions && <div className="flex shrink-0 items-center gap-2">{actions}</div>}
      {onClose && (
        <IconButton size="small" label={t("actions.close")} onClick={onClose}>
          <X />
        </IconButton>
      )}
    </div>
  );
}

import { X } from "lucide-react";
import * as Radix from "radix-ui/dialog";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";
import { IconButton } from "../icon-button";
import { shade } from "./dialog";

export interface SheetProps {
  title: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  trigger?: ReactElement;
  side?: "left" | "right";
  /** Hides the title from sight; it remains the accessible name. */
  hideTitle?: boolean;
  className?: string;
  children: ReactNode;
}

/** A pane that slides over the page, for the side panel below 1,200 px and for phones. */
export function Sheet({
  title,
  open,
  onOpenChange,
  trigger,
  side = "right",
  hideTitle = false,
  className,
  children,
}: SheetProps) {
  const { t } = useTranslation();
  return (
    <Radix.Root
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      {trigger && <Radix.Trigger asChild>{trigger}</Radix.Trigger>}
      <Radix.Portal>
        <Radix.Overlay className={shade} />
        <Radix.Content
          aria-describedby={undefined}
          className={cn(
            "fixed inset-y-0 z-50 flex w-[min(360px,100vw)] animate-slide-over flex-col bg-panel text-text shadow-overlay outline-none",
            side === "right" ? "right-0" : "left-0",
            className,
          )}
        >
          <header className="flex h-12 shrink-0 items-center gap-2 border-divider border-b pr-2 pl-4">
            <Radix.Title className={cn("flex-1 font-semibold text-title", hideTitle && "sr-only")}>
              {title}
            </Radix.Title>
            <Radix.Close asChild>
              <IconButton hasTooltip={false} label={t("actions.close")} className="ml-auto">
                <X />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

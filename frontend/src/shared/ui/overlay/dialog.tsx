import { X } from "lucide-react";
import * as Radix from "radix-ui/dialog";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";
import { IconButton } from "../icon-button";
import { useReturnFocus } from "./return-focus";
import { fadeIn, surface } from "./surface";

export interface DialogProps {
  title: ReactNode;
  description?: ReactNode;
  trigger?: ReactElement;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Buttons; the main act last. */
  footer?: ReactNode;
  width?: "narrow" | "medium" | "wide";
  className?: string;
  children?: ReactNode;
}

export const shade = "fixed inset-0 z-40 bg-shade animate-appear";
const WIDTHS = { narrow: "max-w-[400px]", medium: "max-w-[520px]", wide: "max-w-[800px]" };

/** A modal question. Escape and a click beside it close it; focus returns to where it was. */
export function Dialog({
  title,
  description,
  trigger,
  open,
  onOpenChange,
  footer,
  width = "medium",
  className,
  children,
}: DialogProps) {
  const { t } = useTranslation();
  const focus = useReturnFocus(trigger !== undefined);
  return (
    <Radix.Root
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      {trigger && <Radix.Trigger asChild>{trigger}</Radix.Trigger>}
      <Radix.Portal>
        <Radix.Overlay className={shade} />
        <Radix.Content
          {...focus}
          {...(description ? {} : { "aria-describedby": undefined })}
          className={cn(
            surface,
            fadeIn,
            "fixed top-1/2 left-1/2 flex max-h-[calc(100dvh-32px)] w-[calc(100vw-32px)] -translate-x-1/2 -translate-y-1/2 flex-col",
            WIDTHS[width],
            className,
          )}
        >
          <header className="flex items-start gap-2 py-3 pr-12 pl-4">
            <div className="flex min-w-0 flex-1 flex-col gap-0.5 pt-1">
              <Radix.Title className="font-semibold text-title">{title}</Radix.Title>
              {description && (
                <Radix.Description className="text-list text-text-2">
                  {description}
                </Radix.Description>
              )}
            </div>
          </header>
          {children && <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-4">{children}</div>}
          {footer && (
            <footer className="flex flex-wrap justify-end gap-2 border-divider border-t px-4 py-3">
              {footer}
            </footer>
          )}
          {/* The last in the order of Tab: the focus enters at the content. */}
          <Radix.Close asChild>
            <IconButton
              hasTooltip={false}
              label={t("actions.close")}
              className="absolute top-3 right-2"
            >
              <X />
            </IconButton>
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export const DialogClose = Radix.Close;

import * as Radix from "radix-ui/popover";
import type { ComponentProps, ReactElement, ReactNode } from "react";
import { cn } from "../class-names";
import { fadeIn, surface } from "./surface";

export interface PopoverProps {
  trigger: ReactElement;
  /** The accessible name of the layer. */
  label: string;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "center" | "end";
  side?: "top" | "right" | "bottom" | "left";
  className?: string;
  onOpenAutoFocus?: ComponentProps<typeof Radix.Content>["onOpenAutoFocus"];
  children: ReactNode;
}

/** A small layer beside its trigger. Focus moves into it and returns. */
export function Popover({
  trigger,
  label,
  open,
  onOpenChange,
  align = "start",
  side = "bottom",
  className,
  onOpenAutoFocus,
  children,
}: PopoverProps) {
  return (
    <Radix.Root
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={cn(surface, fadeIn, "p-3", className)}
          {...(onOpenAutoFocus ? { onOpenAutoFocus } : {})}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

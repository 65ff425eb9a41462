import * as Slot from "radix-ui/slot";
import type { ReactElement } from "react";

export interface TooltipProps {
  label: string;
  /** Keys as `tinykeys` names them, for example `Alt+J`. */
  shortcut?: string | undefined;
  side?: "top" | "right" | "bottom" | "left" | undefined;
}

/** What `TooltipLayer` reads from the element on which the pointer rests. */
export function tooltipAttributes({ label, shortcut, side }: TooltipProps) {
  return {
    "data-tooltip": label,
    "data-tooltip-keys": shortcut,
    "data-tooltip-side": side,
  };
}

/** A hint on hover and focus. It must not carry anything that is not also in the accessible name. */
export function Tooltip({ children, ...props }: TooltipProps & { children: ReactElement }) {
  return <Slot.Root {...tooltipAttributes(props)}>{children}</Slot.Root>;
}

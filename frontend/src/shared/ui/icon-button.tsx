import type { ComponentProps, ReactNode } from "react";
import { cn } from "./class-names";
import { tooltipAttributes } from "./overlay/tooltip";

export interface IconButtonProps extends Omit<ComponentProps<"button">, "aria-label"> {
  /** The accessible name, also shown as a tooltip. */
  label: string;
  shortcut?: string;
  size?: "small" | "medium" | "large";
  variant?: "quiet" | "secondary" | "primary";
  /** For a toggle: whether it is on. */
  pressed?: boolean;
  side?: "top" | "right" | "bottom" | "left";
  /** False: no tooltip, where focus comes by itself and Escape must not close the tooltip first. */
  hasTooltip?: boolean;
  /** An icon of lucide-react. */
  children: ReactNode;
}

const SIZES = { small: "size-6", medium: "size-8", large: "size-10" };
const VARIANTS = {
  quiet: "text-text-2 hover:bg-hover hover:text-text data-[state=open]:bg-hover",
  secondary: "border border-control bg-page text-text hover:bg-hover",
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
};

/** A button that shows only an icon. */
export function IconButton({
  label,
  shortcut,
  size = "medium",
  variant = "quiet",
  pressed,
  side,
  hasTooltip = true,
  className,
  type,
  children,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type={type ?? "button"}
      aria-label={label}
      aria-pressed={pressed}
      className={cn(
        "inline-flex shrink-0 items-center justify-center rounded-control transition-colors disabled:cursor-not-allowed disabled:opacity-50",
        size === "small" ? "[&_svg]:size-3.5" : "[&_svg]:size-4",
        SIZES[size],
        VARIANTS[variant],
        pressed && "bg-selected text-accent",
        className,
      )}
      {...(hasTooltip ? tooltipAttributes({ label, shortcut, side }) : {})}
      {...rest}
    >
      {children}
    </button>
  );
}

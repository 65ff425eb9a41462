import { cva, type VariantProps } from "class-variance-authority";
import * as Slot from "radix-ui/slot";
import type { ComponentProps } from "react";
import { cn } from "./class-names";

const buttonStyles = cva(
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-control font-medium text-list whitespace-nowrap transition-colors disabled:cursor-not-allowed disabled:opacity-50",
  {
    variants: {
      variant: {
        primary: "bg-accent text-on-accent hover:bg-accent-strong",
        secondary: "border border-control bg-page text-text hover:bg-hover",
        quiet: "text-text-2 hover:bg-hover hover:text-text",
        danger: "bg-danger text-on-danger hover:opacity-90",
      },
      size: { small: "h-7 px-2", medium: "h-8 px-3", large: "h-10 px-4 text-body" },
    },
    defaultVariants: { variant: "secondary", size: "medium" },
  },
);

type ButtonProps = ComponentProps<"button"> &
  VariantProps<typeof buttonStyles> & { asChild?: boolean };

export function Button({ variant, size, asChild, className, type, ...rest }: ButtonProps) {
  const Element = asChild ? Slot.Root : "button";
  return (
    <Element
      type={asChild ? undefined : (type ?? "button")}
      className={cn(buttonStyles({ variant, size }), className)}
      {...rest}
    />
  );
}

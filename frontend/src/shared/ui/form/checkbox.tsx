import { Check, Minus } from "lucide-react";
import * as Radix from "radix-ui/checkbox";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "../class-names";

export interface CheckboxProps extends Omit<ComponentProps<typeof Radix.Root>, "children"> {
  /** A visible label; without it give `aria-label`. */
  label?: ReactNode;
}

/** The box measures 16 px; its target is 24 px. */
export function Checkbox({ label, className, id, ...rest }: CheckboxProps) {
  const ownId = useId();
  const boxId = id ?? ownId;
  const box = (
    <Radix.Root
      id={boxId}
      className={cn(
        "group relative inline-flex size-4 shrink-0 items-center justify-center rounded-[4px] border border-control bg-page text-on-accent after:absolute after:-inset-1 disabled:opacity-50 data-[state=checked]:border-accent data-[state=indeterminate]:border-accent data-[state=checked]:bg-accent data-[state=indeterminate]:bg-accent",
        className,
      )}
      {...rest}
    >
      <Radix.Indicator>
        <Check
          aria-hidden
          strokeWidth={3}
          className="size-3 group-data-[state=indeterminate]:hidden"
        />
        <Minus
          aria-hidden
          strokeWidth={3}
          className="hidden size-3 group-data-[state=indeterminate]:block"
        />
      </Radix.Indicator>
    </Radix.Root>
  );
  if (!label) return box;
  return (
    <span className="flex min-h-6 items-center gap-2">
      {box}
      <label htmlFor={boxId} className="text-list text-text">
        {label}
      </label>
    </span>
  );
}

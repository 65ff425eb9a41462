import * as Radix from "radix-ui/switch";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "../class-names";

export interface SwitchProps extends Omit<ComponentProps<typeof Radix.Root>, "children"> {
  /** A visible label; without it give `aria-label`. */
  label?: ReactNode;
  hint?: ReactNode;
}

/** A setting that takes effect at once. */
export function Switch({ label, hint, className, id, ...rest }: SwitchProps) {
  const ownId = useId();
  const switchId = id ?? ownId;
  const control = (
    <Radix.Root
      id={switchId}
      aria-describedby={hint ? `${switchId}-hint` : undefined}
      className={cn(
        "relative inline-flex h-5 w-9 shrink-0 items-center rounded-full bg-control transition-colors after:absolute after:-inset-0.5 disabled:opacity-50 data-[state=checked]:bg-accent",
        className,
      )}
      {...rest}
    >
      <Radix.Thumb className="block size-4 translate-x-0.5 rounded-full bg-page transition-transform data-[state=checked]:translate-x-[18px]" />
    </Radix.Root>
  );
  if (!label) return control;
  return (
    <span className="flex items-start justify-between gap-4">
      <span className="flex flex-col">
        <label htmlFor={switchId} className="text-list text-text">
          {label}
        </label>
        {hint && (
          <span id={`${switchId}-hint`} className="text-meta text-text-3">
            {hint}
          </span>
        )}
      </span>
      {control}
    </span>
  );
}

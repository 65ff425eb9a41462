import { Check, ChevronDown } from "lucide-react";
import * as Radix from "radix-ui/select";
import type { ReactNode } from "react";
import { cn } from "../class-names";
import { fadeIn, menuItem, surface } from "../overlay/surface";
import { inputStyles } from "./input";

export interface SelectOption<Value extends string> {
  value: Value;
  label: string;
  icon?: ReactNode;
  disabled?: boolean;
}

export interface SelectProps<Value extends string> {
  value: Value | undefined;
  onChange: (value: Value) => void;
  options: readonly SelectOption<Value>[];
  placeholder?: string;
  disabled?: boolean;
  className?: string;
  /** Set by `Field`. */
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

/** One of a few options. For people, teams and labels use `Combobox`. */
export function Select<Value extends string>({
  value,
  onChange,
  options,
  placeholder,
  disabled,
  className,
  ...control
}: SelectProps<Value>) {
  return (
    <Radix.Root
      {...(value === undefined ? {} : { value })}
      onValueChange={(next) => onChange(next as Value)}
      disabled={disabled ?? false}
    >
      <Radix.Trigger
        {...control}
        className={cn(
          inputStyles,
          "inline-flex h-8 items-center justify-between gap-2 hover:bg-hover data-[placeholder]:text-text-3",
          className,
        )}
      >
        <span className="truncate">
          <Radix.Value placeholder={placeholder} />
        </span>
        <ChevronDown aria-hidden className="size-4 shrink-0 text-text-3" />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className={cn(
            surface,
            fadeIn,
            "max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) p-1",
          )}
        >
          <Radix.Viewport>
            {options.map((option) => (
              <Radix.Item
                key={option.value}
                value={option.value}
                disabled={option.disabled ?? false}
                className={cn(menuItem, "pr-8")}
              >
                {option.icon}
                <Radix.ItemText>{option.label}</Radix.ItemText>
                <Radix.ItemIndicator className="absolute right-2">
                  <Check aria-hidden className="text-accent" />
                </Radix.ItemIndicator>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

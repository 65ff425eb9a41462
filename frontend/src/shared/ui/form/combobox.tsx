import { ChevronDown } from "lucide-react";
import { type ReactElement, useState } from "react";
import { cn } from "../class-names";
import { Popover } from "../overlay/popover";
import { inputStyles } from "./input";
import { OptionList, type OptionListProps } from "./option-list";

interface ComboboxBase extends Omit<OptionListProps, "selected" | "onSelect"> {
  placeholder?: string;
  disabled?: boolean;
  className?: string;
  /** Replaces the default control. */
  trigger?: ReactElement;
  id?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}
export type ComboboxProps = ComboboxBase &
  (
    | { multiple?: false; value: string | null; onChange: (value: string | null) => void }
    | { multiple: true; value: readonly string[]; onChange: (value: string[]) => void }
  );

function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
}

/** People, teams or labels: one, or with `multiple` any number. Choosing the chosen one clears it. */
export function Combobox(props: ComboboxProps) {
  const {
    label,
    options,
    placeholder,
    disabled,
    className,
    trigger,
    empty,
    onCreate,
    createLabel,
  } = props;
  const [open, setOpen] = useState(false);
  const selected = props.multiple ? props.value : props.value ? [props.value] : [];
  const select = (value: string) => {
    if (props.multiple) return props.onChange(toggled(props.value, value));
    props.onChange(props.value === value ? null : value);
    setOpen(false);
  };
  const names = options.filter((each) => selected.includes(each.value)).map((each) => each.label);
  return (
    <Popover
      label={label}
      open={open}
      onOpenChange={setOpen}
      className="p-0"
      trigger={
        trigger ?? (
          <button
            type="button"
            id={props.id}
            disabled={disabled}
            aria-describedby={props["aria-describedby"]}
            aria-invalid={props["aria-invalid"]}
            aria-label={props.id ? undefined : [label, ...names].join(", ")}
            className={cn(
              inputStyles,
              "inline-flex h-8 items-center justify-between gap-2 hover:bg-hover",
              className,
            )}
          >
            <span className={cn("truncate", names.length === 0 && "text-text-3")}>
              {names.length > 0 ? names.join(", ") : (placeholder ?? label)}
            </span>
            <ChevronDown aria-hidden className="size-4 shrink-0 text-text-3" />
          </button>
        )
      }
    >
      <OptionList
        options={options}
        selected={selected}
        onSelect={select}
        label={label}
        empty={empty}
        onCreate={onCreate}
        createLabel={createLabel}
      />
    </Popover>
  );
}

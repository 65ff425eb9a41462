import { Field } from "@/shared/ui/form/field";
import { Select } from "@/shared/ui/form/select";

interface ChoiceProps<Value extends string> {
  label: string;
  hint?: string | undefined;
  value: Value;
  options: Record<Value, string>;
  onChange: (value: Value) => void;
  className?: string;
}

/** A setting with a few values; it takes effect at once. */
export function Choice<Value extends string>({
  label,
  hint,
  value,
  options,
  onChange,
  className,
}: ChoiceProps<Value>) {
  const entries = Object.entries(options) as [Value, string][];
  return (
    <Field label={label} hint={hint} {...(className ? { className } : {})}>
      <Select
        value={value}
        onChange={onChange}
        options={entries.map(([each, name]) => ({ value: each, label: name }))}
      />
    </Field>
  );
}

import { Search, X } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";

export const inputStyles =
  "w-full rounded-control border border-control bg-page px-2.5 text-list text-text placeholder:text-text-3 disabled:cursor-not-allowed disabled:opacity-60 aria-[invalid=true]:border-danger";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={cn(inputStyles, "h-8", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea rows={3} className={cn(inputStyles, "min-h-16 py-1.5", className)} {...rest} />;
}

export interface SearchInputProps
  extends Omit<ComponentProps<"input">, "onChange" | "value" | "type"> {
  value: string;
  onChange: (value: string) => void;
  /** The accessible name; also the placeholder unless there is another. */
  label: string;
  /** What stands at the end, for example a shortcut. */
  end?: ReactNode;
}

/** A search field; Escape empties it. */
export function SearchInput({ value, onChange, label, end, className, ...rest }: SearchInputProps) {
  const { t } = useTranslation();
  return (
    <div className={cn("relative", className)}>
      <Search
        aria-hidden
        className="pointer-events-none absolute top-2 left-2.5 size-4 text-text-3"
      />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !value) return;
          event.stopPropagation();
          onChange("");
        }}
        className={cn(inputStyles, "h-8 px-8 [&::-webkit-search-cancel-button]:hidden")}
        {...rest}
      />
      {value ? (
        <button
          type="button"
          aria-label={t("ui.clear")}
          onClick={() => onChange("")}
          className="absolute top-1 right-1 inline-flex size-6 items-center justify-center rounded-control text-text-2 hover:bg-hover"
        >
          <X aria-hidden className="size-3.5" />
        </button>
      ) : (
        end && <span className="absolute top-2 right-2">{end}</span>
      )}
    </div>
  );
}

import { Command } from "cmdk";
import { Check } from "lucide-react";
import { useState } from "react";
import { plainText } from "@/shared/format/plain-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";
import type { OptionListProps } from "./option-list";

const contains = (value: string, search: string, keywords: string[] = []) =>
  plainText([value, ...keywords].join(" ")).includes(plainText(search)) ? 1 : 0;

/** What `OptionList` loads. */
export default function SearchedOptions({
  options,
  selected,
  onSelect,
  label,
  empty,
  onCreate,
  createLabel,
  className,
}: OptionListProps) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const text = search.trim();
  const isKnown = options.some((each) => plainText(each.label) === plainText(text));
  return (
    <Command label={label} filter={contains} className={cn("flex w-64 flex-col", className)}>
      <Command.Input
        // It comes after what opens the list has looked for something to focus.
        autoFocus
        value={search}
        onValueChange={setSearch}
        placeholder={label}
        className="h-9 w-full border-divider border-b bg-transparent px-3 text-list text-text outline-none placeholder:text-text-3"
      />
      <Command.List className="max-h-64 overflow-y-auto p-1">
        {!(onCreate && text) && (
          <Command.Empty className="px-2 py-3 text-meta text-text-3">
            {empty ?? t("ui.nothing_found")}
          </Command.Empty>
        )}
        {options.map((option) => (
          <Command.Item
            key={option.value}
            value={option.value}
            keywords={[option.label, option.hint ?? ""]}
            disabled={option.disabled ?? false}
            onSelect={() => onSelect(option.value)}
            className="flex min-h-8 items-center gap-2 rounded-control px-2 py-1 text-list data-[disabled=true]:opacity-50 data-[selected=true]:bg-hover"
          >
            {option.icon}
            <span className="min-w-0 flex-1 truncate">{option.label}</span>
            {option.hint && <span className="text-meta text-text-3">{option.hint}</span>}
            <Check
              aria-hidden
              className={cn(
                "size-4 shrink-0 text-accent",
                !selected.includes(option.value) && "invisible",
              )}
            />
            {selected.includes(option.value) && <span className="sr-only">{t("ui.selected")}</span>}
          </Command.Item>
        ))}
        {onCreate && text && !isKnown && (
          <Command.Item
            forceMount
            value={`create ${text}`}
            onSelect={() => {
              onCreate(text);
              setSearch("");
            }}
            className="flex min-h-8 items-center rounded-control px-2 text-accent text-list data-[selected=true]:bg-hover"
          >
            {createLabel?.(text) ?? text}
          </Command.Item>
        )}
      </Command.List>
    </Command>
  );
}

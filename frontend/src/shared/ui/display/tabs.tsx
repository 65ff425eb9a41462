import * as Radix from "radix-ui/tabs";
import { type ReactNode, useEffect, useRef } from "react";
import { formatCount } from "@/shared/format/numbers";
import { cn } from "../class-names";

export interface Tab<Value extends string> {
  value: Value;
  label: string;
  /** A count; `undefined` while it is not known. */
  count?: number | undefined;
  icon?: ReactNode;
}

export interface TabsProps<Value extends string> {
  tabs: readonly Tab<Value>[];
  value: Value;
  onChange: (value: Value) => void;
  /** The accessible name of the row of tabs. */
  label: string;
  /** What a tab shows. Radix connects it with the tab. */
  children?: ReactNode;
  /** Smaller, for a narrow pane. */
  dense?: boolean;
  className?: string;
}

/** A row of tabs over one panel, whose content the caller chooses by `value`. */
export function Tabs<Value extends string>({
  tabs,
  value,
  onChange,
  label,
  children,
  dense = false,
  className,
}: TabsProps<Value>) {
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen tab comes into sight
  useEffect(() => {
    const chosen = list.current?.querySelector("[data-state=active]");
    chosen?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [value]);
  return (
    <Radix.Root
      value={value}
      onValueChange={(next) => onChange(next as Value)}
      className={cn("flex min-h-0 min-w-0 flex-col", className)}
    >
      <Radix.List
        ref={list}
        aria-label={label}
        className={cn(
          "flex shrink-0 overflow-x-auto border-divider border-b [scrollbar-width:none]",
          dense ? "px-1" : "gap-1 px-2",
        )}
      >
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className={cn(
              "focus-inset -mb-px inline-flex h-9 shrink-0 items-center border-transparent border-b-2 text-text-2 hover:text-text data-[state=active]:border-accent data-[state=active]:font-semibold data-[state=active]:text-text",
              dense ? "gap-1 px-1.5 text-meta" : "gap-1.5 px-2 text-list",
            )}
          >
            {tab.icon}
            {tab.label}
            {tab.count !== undefined && (
              <span
                className={cn(
                  "font-normal text-text-3 tabular-nums",
                  dense ? "text-badge" : "text-meta",
                )}
              >
                {formatCount(tab.count, 999)}
              </span>
            )}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {children !== undefined && (
        <Radix.Content
          value={value}
          tabIndex={-1}
          className="flex min-h-0 flex-1 flex-col outline-none"
        >
          {children}
        </Radix.Content>
      )}
    </Radix.Root>
  );
}

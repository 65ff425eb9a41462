import type { ReactNode } from "react";
import { cn } from "@/shared/ui/class-names";

export interface Suggestion {
  id: string;
  title: string;
  hint?: string | undefined;
  icon?: ReactNode;
}

interface SuggestionListProps {
  id: string;
  label: string;
  suggestions: readonly Suggestion[];
  active: number;
  empty: string;
  onChoose: (index: number) => void;
}

/** The menu of `/` and `@`, docked above the text. Focus stays in the text (aria-activedescendant). */
export function SuggestionList(props: SuggestionListProps) {
  const { id, label, suggestions, active, empty, onChoose } = props;
  return (
    <div className="absolute right-2 bottom-full left-2 z-10 mb-1 max-h-72 overflow-y-auto rounded-control bg-overlay p-1 shadow-overlay">
      {suggestions.length === 0 && <p className="px-2 py-1.5 text-list text-text-3">{empty}</p>}
      <div id={id} role="listbox" aria-label={label}>
        {suggestions.map((each, index) => (
          <div
            key={each.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            ref={(element) => {
              if (index === active) element?.scrollIntoView({ block: "nearest" });
            }}
            className={cn(
              "flex cursor-pointer items-center gap-2 rounded-control px-2 py-1.5 text-list",
              index === active && "bg-hover",
            )}
            // The text would lose its focus and its cursor on mouse down.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onChoose(index)}
            onKeyDown={() => undefined}
          >
            {each.icon}
            <span className="shrink-0 font-medium">{each.title}</span>
            <span className="truncate text-text-3">{each.hint}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

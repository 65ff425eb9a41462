import { useEffect, useRef, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useSettled } from "@/shared/navigation/use-settled";
import { SearchInput } from "@/shared/ui/form/input";
import { SearchResults } from "./components/search-results";

const MAX_LENGTH = 200;
const PAUSE_MS = 400;

export interface MessageSearchProps {
  /** The words that the address carries. */
  text: string;
  onSearch: (text: string) => void;
  /** Changes when the page is asked for again, which puts the focus into the field. */
  focusKey?: string | undefined;
}

/** The page that searches the words of all messages and notes. */
export function MessageSearch({ text, onSearch, focusKey }: MessageSearchProps) {
  const { t } = useTranslation("search");
  const [typed, setTyped] = useState(text);
  const settled = useSettled(typed.trim(), PAUSE_MS);
  const input = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for again
  useEffect(() => input.current?.focus(), [focusKey]);
  const report = useRef<() => void>(undefined);
  report.current = () => {
    if (settled !== text) onSearch(settled);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address follows what is searched
  useEffect(() => report.current?.(), [settled]);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="border-divider border-b px-4 py-3">
        <search className="mx-auto block max-w-[760px]">
          <SearchInput
            ref={input}
            label={t("label")}
            value={typed}
            maxLength={MAX_LENGTH}
            onChange={setTyped}
          />
        </search>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-8">
        <div className="mx-auto max-w-[760px]">
          <SearchResults key={settled} text={settled} />
        </div>
      </div>
    </div>
  );
}

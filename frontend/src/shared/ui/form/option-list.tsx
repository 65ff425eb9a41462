import { type ComponentType, lazy, type ReactNode, Suspense, useState } from "react";
import { loadPart } from "@/shared/parts/load-part";

export interface ComboboxOption {
  value: string;
  label: string;
  /** A second, quieter text; it is searched too. */
  hint?: string | undefined;
  icon?: ReactNode;
  disabled?: boolean;
}

export interface OptionListProps {
  options: readonly ComboboxOption[];
  selected: readonly string[];
  onSelect: (value: string) => void;
  /** The accessible name of the list and the placeholder of its search field. */
  label: string;
  empty?: ReactNode;
  /** Offers the searched text as a new value, for example a new label. */
  onCreate?: ((text: string) => void) | undefined;
  createLabel?: ((text: string) => string) | undefined;
  className?: string;
}

type Options = ComponentType<OptionListProps>;
let loaded: Options | null = null;

/** Called once the page shows what it was opened for, so that no list opens empty. */
export async function loadOptionLists(): Promise<{ default: Options }> {
  const module = await loadPart(() => import("./searched-options"));
  loaded = module.default;
  return module;
}

const LazyOptions = lazy(loadOptionLists);

/** A list that is filtered by typing. Use it inside a popover, a dialog or a menu. */
export function OptionList(props: OptionListProps) {
  // React shows a fallback for 300 ms at least, also of a part that is there already.
  const [Options] = useState<Options>(() => loaded ?? LazyOptions);
  return (
    <Suspense fallback={<div className="h-24 w-64" />}>
      <Options {...props} />
    </Suspense>
  );
}

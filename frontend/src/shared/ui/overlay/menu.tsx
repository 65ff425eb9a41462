import { Check, ChevronRight } from "lucide-react";
import * as Context from "radix-ui/context-menu";
import * as Dropdown from "radix-ui/dropdown-menu";
import type { ReactElement, ReactNode } from "react";
import { cn } from "../class-names";
import { Shortcut } from "../display/kbd";
import { fadeIn, menuItem, menuLabel, surface } from "./surface";

/** An act, a choice, a heading, a line, or a menu inside the menu. */
export type MenuEntry =
  | {
      type?: "act";
      id: string;
      label: string;
      icon?: ReactNode;
      shortcut?: string | undefined;
      hint?: string | undefined;
      danger?: boolean;
      disabled?: boolean;
      /** Marks the one that is in force. */
      checked?: boolean | undefined;
      onSelect: () => void;
    }
  | { type: "heading"; id: string; label: string }
  | { type: "line"; id: string }
  | {
      type: "submenu";
      id: string;
      label: string;
      icon?: ReactNode;
      disabled?: boolean;
      entries: readonly MenuEntry[];
    };

// Both menus of Radix have the same parts.
type Parts = typeof Dropdown | typeof Context;
const layer = cn(surface, fadeIn, "max-h-[min(480px,80vh)] min-w-52 overflow-y-auto p-1");

function Entries({ entries, parts }: { entries: readonly MenuEntry[]; parts: Parts }) {
  return entries.map((entry) => <Entry key={entry.id} entry={entry} parts={parts} />);
}

function Entry({ entry, parts }: { entry: MenuEntry; parts: Parts }) {
  const Menu = parts as typeof Dropdown;
  if (entry.type === "line") return <Menu.Separator className="my-1 h-px bg-divider" />;
  if (entry.type === "heading") return <Menu.Label className={menuLabel}>{entry.label}</Menu.Label>;
  if (entry.type === "submenu") return <Submenu entry={entry} parts={parts} />;
  const content = (
    <>
      {entry.icon}
      <span className="min-w-0 flex-1 truncate">{entry.label}</span>
      {entry.hint && <span className="pl-4 text-meta text-text-3">{entry.hint}</span>}
      {entry.shortcut && <Shortcut keys={entry.shortcut} />}
    </>
  );
  const common = { className: menuItem, disabled: entry.disabled ?? false };
  if (entry.checked === undefined) {
    return (
      <Menu.Item {...common} data-danger={entry.danger ?? false} onSelect={entry.onSelect}>
        {content}
      </Menu.Item>
    );
  }
  return (
    <Menu.CheckboxItem {...common} checked={entry.checked} onSelect={entry.onSelect}>
      {content}
      <Menu.ItemIndicator>
        <Check aria-hidden className="text-accent" />
      </Menu.ItemIndicator>
    </Menu.CheckboxItem>
  );
}

function Submenu({
  entry,
  parts,
}: {
  entry: Extract<MenuEntry, { type: "submenu" }>;
  parts: Parts;
}) {
  const Menu = parts as typeof Dropdown;
  return (
    <Menu.Sub>
      <Menu.SubTrigger className={menuItem} disabled={entry.disabled ?? false}>
        {entry.icon}
        <span className="flex-1">{entry.label}</span>
        <ChevronRight aria-hidden className="text-text-3" />
      </Menu.SubTrigger>
      <Menu.Portal>
        <Menu.SubContent sideOffset={4} collisionPadding={8} className={layer}>
          <Entries entries={entry.entries} parts={parts} />
        </Menu.SubContent>
      </Menu.Portal>
    </Menu.Sub>
  );
}

export interface DropdownMenuProps {
  trigger: ReactElement;
  entries: readonly MenuEntry[];
  align?: "start" | "center" | "end";
  side?: "top" | "right" | "bottom" | "left";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Where the focus goes; by itself it returns to the trigger. */
  onCloseAutoFocus?: (event: Event) => void;
  /** Replaces the entries, for a menu that carries more than acts. */
  children?: ReactNode;
}

export function DropdownMenu({
  trigger,
  entries,
  align = "start",
  side = "bottom",
  open,
  onOpenChange,
  onCloseAutoFocus,
  children,
}: DropdownMenuProps) {
  return (
    <Dropdown.Root
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={layer}
          {...(onCloseAutoFocus ? { onCloseAutoFocus } : {})}
        >
          {children ?? <Entries entries={entries} parts={Dropdown} />}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

export interface ContextMenuProps {
  /** Called when the menu opens, so that a list of 50,000 rows prepares no 50,000 menus. */
  entries: () => readonly MenuEntry[];
  onOpenChange?: (open: boolean) => void;
  children: ReactElement;
}

/** A menu on right click, long press, Shift+F10 and the menu key. */
export function ContextMenu({ entries, onOpenChange, children }: ContextMenuProps) {
  return (
    <Context.Root {...(onOpenChange ? { onOpenChange } : {})}>
      <Context.Trigger asChild>{children}</Context.Trigger>
      <Context.Portal>
        <Context.Content collisionPadding={8} className={layer}>
          <LateEntries entries={entries} />
        </Context.Content>
      </Context.Portal>
    </Context.Root>
  );
}

function LateEntries({ entries }: { entries: () => readonly MenuEntry[] }) {
  return <Entries entries={entries()} parts={Context} />;
}

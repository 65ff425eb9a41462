import type { ReactNode } from "react";

const KEY_NAMES: Record<string, string> = {
  Control: "Ctrl",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Enter: "↵",
};

const isMac = () => /Mac|iPhone|iPad/.test(navigator.userAgent);

function keyName(key: string): string {
  if (key === "$mod") return isMac() ? "⌘" : "Ctrl";
  if (key === "Alt" && isMac()) return "⌥";
  if (key.startsWith("Key")) return key.slice(3);
  return KEY_NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-4 min-w-4 items-center justify-center rounded-[4px] border border-divider bg-panel px-1 font-medium font-sans text-badge text-text-2">
      {children}
    </kbd>
  );
}

/** The keys of a shortcut as `tinykeys` names them: `$mod+KeyK`, `Alt+J`. */
export function Shortcut({ keys }: { keys: string }) {
  return (
    <span className="inline-flex items-center gap-0.5">
      {keys.split("+").map((key) => (
        <Kbd key={key}>{keyName(key)}</Kbd>
      ))}
    </span>
  );
}

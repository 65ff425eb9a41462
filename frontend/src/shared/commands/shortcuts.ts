/** The keys of each command, as `tinykeys` names them: `$mod` is Ctrl, on a Mac the command key. */
export const SHORTCUTS = {
  "commands.open": "$mod+KeyK",
  "help.shortcuts": "$mod+/",
  "search.open": "$mod+Shift+KeyF",
  "list.next": "Alt+KeyJ",
  "list.previous": "Alt+KeyK",
  "list.next_tab": "Alt+KeyN",
  "conversation.resolve": "Alt+KeyE",
  "conversation.resolve_next": "$mod+Alt+KeyE",
  "conversation.snooze": "Alt+KeyM",
  "composer.note": "Alt+KeyP",
  "composer.reply": "Alt+KeyL",
  "composer.attach": "$mod+Alt+KeyA",
  "panel.toggle": "Alt+KeyO",
  "go.inbox": "Alt+KeyC",
  "go.contacts": "Alt+KeyV",
  "go.reports": "Alt+KeyR",
  "go.settings": "Alt+KeyS",
} as const;

export type ShortcutId = keyof typeof SHORTCUTS;

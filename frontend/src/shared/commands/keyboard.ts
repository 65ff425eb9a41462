import { createKeybindingsHandler } from "tinykeys";
import { runCommand } from "./registry";
import { SHORTCUTS, type ShortcutId } from "./shortcuts";

const isApple = () => /Mac|iPhone|iPad/.test(navigator.userAgent);
/** These open over everything; all others wait until an open dialog or menu is closed. */
const ALWAYS: readonly ShortcutId[] = ["commands.open", "help.shortcuts", "search.open"];
const LAYERS =
  '[role="dialog"][data-state="open"],[role="alertdialog"],[role="menu"][data-state="open"]';

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  const isInput = target instanceof HTMLInputElement;
  return isInput && !["button", "checkbox", "radio", "range", "submit"].includes(target.type);
}

/** True if the keys write a letter: AltGr on Windows and Linux, Option on a Mac. */
function writesLetter(event: KeyboardEvent): boolean {
  if (event.isComposing) return true;
  if (event.getModifierState("AltGraph")) return true;
  return isApple() && event.altKey && !event.ctrlKey && !event.metaKey;
}

function runShortcut(id: ShortcutId, event: KeyboardEvent): void {
  if (event.repeat && !id.startsWith("list.")) return;
  if (isTyping(event) && writesLetter(event)) return;
  if (!ALWAYS.includes(id) && document.querySelector(LAYERS)) return;
  if (runCommand(id)) event.preventDefault();
}

/** `?` shows the shortcuts, on any keyboard, unless it is being written. */
function isQuestion(event: KeyboardEvent): boolean {
  return event.key === "?" && !event.ctrlKey && !event.metaKey && !isTyping(event);
}

/** Runs commands by their shortcuts. Returns how to stop. */
export function listenForShortcuts(): () => void {
  const ids = Object.keys(SHORTCUTS) as ShortcutId[];
  const handle = createKeybindingsHandler(
    Object.fromEntries(ids.map((id) => [SHORTCUTS[id], (event) => runShortcut(id, event)])),
  );
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    if (isQuestion(event)) runShortcut("help.shortcuts", event);
    else handle(event);
  };
  window.addEventListener("keydown", listen);
  document.documentElement.dataset.shortcuts = "on";
  return () => {
    window.removeEventListener("keydown", listen);
    delete document.documentElement.dataset.shortcuts;
  };
}

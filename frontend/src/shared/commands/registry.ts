import type { ReactNode } from "react";
import { useEffect, useSyncExternalStore } from "react";
import { SHORTCUTS } from "./shortcuts";

export const COMMAND_GROUPS = [
  "conversation",
  "list",
  "go",
  "presence",
  "appearance",
  "session",
] as const;
type CommandGroup = (typeof COMMAND_GROUPS)[number];

/** Something that the command bar offers and, if `SHORTCUTS` has its id, the keyboard runs. */
export interface Command {
  /** The bar shows those with a lower number first; default 0. What Enter runs must do no harm. */
  order?: number;
  /** Unique and stable, for example `conversation.resolve`. */
  id: string;
  /** As the screen shows it, already translated. */
  title: string;
  group: CommandGroup;
  icon?: ReactNode;
  /** More words by which the command bar finds it. */
  keywords?: readonly string[];
  /** False while it cannot be run; it is then neither offered nor run. */
  when?: () => boolean;
  /** False: the keyboard alone runs it. */
  inBar?: boolean;
  run: () => unknown;
}

let commands: readonly Command[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Command[]): void {
  commands = next;
  for (const listener of listeners) listener();
}

/** Adds commands. Of two with the same id the later one counts. Returns how to take them away. */
export function registerCommands(added: readonly Command[]): () => void {
  change([...commands, ...added]);
  return () => change(commands.filter((each) => !added.includes(each)));
}

/** Adds commands while the component is mounted. Keep the array the same with `useMemo`. */
export function useCommands(added: readonly Command[]): void {
  useEffect(() => registerCommands(added), [added]);
}

function findCommand(id: string): Command | undefined {
  const command = commands.findLast((each) => each.id === id);
  return command && (command.when?.() ?? true) ? command : undefined;
}

/** Runs a command. False: no feature has registered it, or it cannot be run now. */
export function runCommand(id: string): boolean {
  const command = findCommand(id);
  command?.run();
  return command !== undefined;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** All registered commands, each id once; `when` is not asked. */
export function useRegisteredCommands(): readonly Command[] {
  const all = useSyncExternalStore(subscribe, () => commands);
  return [...new Map(all.map((each) => [each.id, each])).values()];
}

/** The keys of a command, as `tinykeys` names them. */
export function shortcutOf(id: string): string | undefined {
  return Object.hasOwn(SHORTCUTS, id) ? SHORTCUTS[id as keyof typeof SHORTCUTS] : undefined;
}

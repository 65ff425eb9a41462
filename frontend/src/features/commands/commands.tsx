import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { listenForShortcuts } from "@/shared/commands/keyboard";
import { type Command, useCommands } from "@/shared/commands/registry";
import { lazyPart, loadPart } from "@/shared/parts/load-part";
import { ConversationCommands } from "./conversation-commands";
import { useGeneralCommands } from "./general-commands";

const loadBar = () => loadPart(() => import("./command-bar"));
const CommandBar = lazy(loadBar);
const ShortcutsDialog = lazyPart(() => import("./shortcuts-dialog"));
type Layer = "bar" | "shortcuts" | null;

/** The command bar, the list of shortcuts, and the keyboard. Mounted once, by the shell. */
export function Commands() {
  const [layer, setLayer] = useState<Layer>(null);
  const close = (open: boolean) => !open && setLayer(null);
  const own = useMemo<Command[]>(() => {
    const toggle = (wanted: Layer) => () =>
      setLayer((current) => (current === wanted ? null : wanted));
    const hidden = { title: "", group: "session", inBar: false } as const;
    return [
      { ...hidden, id: "commands.open", run: toggle("bar") },
      { ...hidden, id: "help.shortcuts", run: toggle("shortcuts") },
    ];
  }, []);
  useCommands(own);
  useGeneralCommands();
  useEffect(listenForShortcuts, []);
  // Else what is typed right after the shortcut would be lost.
  useEffect(() => void loadBar(), []);
  return (
    <Suspense>
      <ConversationCommands />
      {layer === "bar" && <CommandBar onOpenChange={close} />}
      {layer === "shortcuts" && <ShortcutsDialog onOpenChange={close} />}
    </Suspense>
  );
}

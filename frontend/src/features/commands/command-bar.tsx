import { Command as Bar } from "cmdk";
import * as Radix from "radix-ui/dialog";
import { useState } from "react";
import {
  COMMAND_GROUPS,
  type Command,
  shortcutOf,
  useRegisteredCommands,
} from "@/shared/commands/registry";
import { plainText } from "@/shared/format/plain-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";
import { Shortcut } from "@/shared/ui/display/kbd";
import { surface } from "@/shared/ui/overlay/surface";
import { barGroup, barItem } from "./command-bar-styles";
import { ContactHits } from "./contact-hits";
import { ProtocolHit } from "./protocol-hit";

export interface CommandBarProps {
  onOpenChange: (open: boolean) => void;
}

/** Finds "Transferir" by "transf", "atras" by "trás", in any order of the words. */
function matches(command: Command, search: string): boolean {
  const text = plainText([command.title, ...(command.keywords ?? [])].join(" "));
  return plainText(search)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Everything that can be done now, and people to open, by typing. */
export default function CommandBar({ onOpenChange }: CommandBarProps) {
  const { t } = useTranslation("commands");
  const [search, setSearch] = useState("");
  const registered = useRegisteredCommands();
  const offered = registered.filter(
    (each) => each.inBar !== false && (each.when?.() ?? true) && matches(each, search),
  );
  const run = (command: Command) => {
    onOpenChange(false);
    // After the bar has given the focus back, so that the command may move it.
    setTimeout(() => void command.run(), 0);
  };
  return (
    <Radix.Root open onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          className={cn(
            surface,
            "fixed top-[12vh] left-1/2 w-[calc(100vw-32px)] max-w-[560px] -translate-x-1/2 animate-appear",
          )}
        >
          <Radix.Title className="sr-only">{t("title")}</Radix.Title>
          <Bar label={t("title")} shouldFilter={false} loop>
            <Bar.Input
              value={search}
              onValueChange={setSearch}
              placeholder={t("placeholder")}
              className="h-11 w-full border-divider border-b bg-transparent px-4 text-body text-text outline-none placeholder:text-text-3"
            />
            <Bar.List className="max-h-[min(420px,60vh)] overflow-y-auto p-1">
              <Bar.Empty className="px-3 py-6 text-center text-list text-text-2">
                {t("empty")}
              </Bar.Empty>
              {COMMAND_GROUPS.map((group) => (
                <CommandGroupItems
                  key={group}
                  heading={t(`groups.${group}`)}
                  commands={offered
                    .filter((each) => each.group === group)
                    .toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))}
                  onRun={run}
                />
              ))}
              <ContactHits search={search} onOpen={() => onOpenChange(false)} />
              <ProtocolHit search={search} onOpen={() => onOpenChange(false)} />
            </Bar.List>
          </Bar>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface CommandGroupItemsProps {
  heading: string;
  commands: readonly Command[];
  onRun: (command: Command) => void;
}

function CommandGroupItems({ heading, commands, onRun }: CommandGroupItemsProps) {
  if (commands.length === 0) return null;
  return (
    <Bar.Group heading={heading} className={barGroup}>
      {commands.map((command) => {
        const keys = shortcutOf(command.id);
        return (
          <Bar.Item
            key={command.id}
            value={command.id}
            onSelect={() => onRun(command)}
            className={barItem}
          >
            <span aria-hidden className="flex size-4 items-center justify-center text-text-3">
              {command.icon}
            </span>
            <span className="min-w-0 flex-1 truncate">{command.title}</span>
            {keys && <Shortcut keys={keys} />}
          </Bar.Item>
        );
      })}
    </Bar.Group>
  );
}

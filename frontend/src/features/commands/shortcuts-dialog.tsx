import { SHORTCUTS, type ShortcutId } from "@/shared/commands/shortcuts";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Kbd, Shortcut } from "@/shared/ui/display/kbd";
import { Dialog } from "@/shared/ui/overlay/dialog";

const GROUPS: readonly { name: string; ids: readonly ShortcutId[] }[] = [
  { name: "list", ids: ["list.next", "list.previous", "list.next_tab"] },
  {
    name: "conversation",
    ids: [
      "conversation.resolve",
      "conversation.resolve_next",
      "conversation.snooze",
      "panel.toggle",
    ],
  },
  { name: "composer", ids: ["composer.reply", "composer.note", "composer.attach"] },
  {
    name: "go",
    ids: ["go.inbox", "go.contacts", "search.open", "commands.open", "help.shortcuts"],
  },
];

/** All shortcuts. `?` and Ctrl+/ open it. */
export default function ShortcutsDialog({
  onOpenChange,
}: {
  onOpenChange: (open: boolean) => void;
}) {
  const { t } = useTranslation("commands");
  return (
    <Dialog open onOpenChange={onOpenChange} title={t("shortcuts.title")} width="wide">
      <div className="grid gap-x-8 gap-y-5 md:grid-cols-2">
        {GROUPS.map((group) => (
          <section key={group.name} aria-label={t(`shortcuts.groups.${group.name}`)}>
            <h3 className="pb-1 font-semibold text-list">{t(`shortcuts.groups.${group.name}`)}</h3>
            <dl className="divide-y divide-divider">
              {group.ids.map((id) => (
                <div key={id} className="flex min-h-8 items-center justify-between gap-4">
                  <dt className="text-list text-text-2">{t(`shortcuts.${id}`)}</dt>
                  <dd className="flex items-center gap-1">
                    <Shortcut keys={SHORTCUTS[id]} />
                    {id === "help.shortcuts" && <Kbd>?</Kbd>}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

import { type ReactElement, useState } from "react";
import { useLabels } from "@/shared/api/labels";
import { plainText } from "@/shared/format/plain-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { LabelDot } from "@/shared/ui/display/chip";
import { OptionList } from "@/shared/ui/form/option-list";
import { Dialog } from "@/shared/ui/overlay/dialog";
import { Popover } from "@/shared/ui/overlay/popover";
import { useSetLabels } from "./hooks";
import type { ActDialogProps } from "./transfer-dialog";

const MAX_LENGTH = 63;

/** The slug of what somebody wrote: "Sem sinal!" → "sem-sinal". */
export function labelSlug(text: string): string {
  const words = plainText(text).replace(/[^a-z0-9]+/g, "-");
  return words.slice(0, MAX_LENGTH).replace(/^-+|-+$/g, "");
}

/** Labels that every one of the conversations has. */
function sharedLabels(conversations: readonly Conversation[]): string[] {
  const [first, ...others] = conversations;
  return (first?.labels ?? []).filter((label) =>
    others.every((other) => other.labels.includes(label)),
  );
}

function LabelList({ conversations }: { conversations: readonly Conversation[] }) {
  const { t } = useTranslation();
  const setLabels = useSetLabels();
  const [chosen, setChosen] = useState(() => sharedLabels(conversations));
  const known = useLabels().map((each) => each.name);
  const all = [...new Set([...chosen, ...known])].sort();
  // The rows are those from when the list was opened, so each click sends the whole difference.
  const change = (next: string[]) => {
    setChosen(next);
    const before = sharedLabels(conversations);
    void setLabels.run(conversations, {
      add: next,
      remove: [...new Set([...before, ...chosen])].filter((label) => !next.includes(label)),
    });
  };
  const toggle = (label: string) =>
    change(chosen.includes(label) ? chosen.filter((each) => each !== label) : [...chosen, label]);
  return (
    <OptionList
      label={t("acts.labels.search")}
      options={all.map((label) => ({ value: label, label, icon: <LabelDot label={label} /> }))}
      selected={chosen}
      onSelect={toggle}
      empty={t("acts.labels.empty")}
      onCreate={(text) => labelSlug(text) && toggle(labelSlug(text))}
      createLabel={(text) => t("acts.labels.create", { label: labelSlug(text) })}
      className="w-full"
    />
  );
}

export interface LabelPickerProps {
  conversations: readonly Conversation[];
  trigger: ReactElement;
}

/** Adds and removes labels; each click takes effect at once. */
export function LabelPicker({ conversations, trigger }: LabelPickerProps) {
  const { t } = useTranslation();
  return (
    <Popover label={t("acts.labels.title")} trigger={trigger} className="w-64 p-0">
      <LabelList conversations={conversations} />
    </Popover>
  );
}

export function LabelsDialog({ conversations, onClose }: ActDialogProps) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("acts.labels.title")}
      width="narrow"
    >
      <div className="rounded-control border border-divider">
        <LabelList conversations={conversations} />
      </div>
    </Dialog>
  );
}

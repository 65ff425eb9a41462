import { AlarmClock, CalendarClock, CalendarDays, MessageSquareReply, Sunrise } from "lucide-react";
import { type ReactElement, useState } from "react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Dialog, DialogClose } from "@/shared/ui/overlay/dialog";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { openActDialog } from "./dialogs-store";
import { useSnooze } from "./hooks";
import { snoozeChoices, snoozeUntil, suggestedTime } from "./snooze-times";
import type { ActDialogProps } from "./transfer-dialog";

const ICONS = {
  hour: <AlarmClock />,
  tomorrow: <Sunrise />,
  monday: <CalendarDays />,
  reply: <MessageSquareReply />,
};

/** The entries of a menu that snoozes one or many conversations. */
export function useSnoozeEntries(): (conversations: readonly Conversation[]) => MenuEntry[] {
  const { t } = useTranslation();
  const format = useFormat();
  const snooze = useSnooze();
  return (conversations) => {
    const now = new Date();
    const choices = snoozeChoices(now).map((choice): MenuEntry => {
      const until = snoozeUntil(choice, now);
      return {
        id: choice,
        label: t(`acts.snooze.${choice}`),
        hint: choice === "reply" ? undefined : format.until(until, now),
        icon: ICONS[choice],
        onSelect: () => void snooze.run(conversations, { until: until.toISOString() }),
      };
    });
    const choose = () => openActDialog("snooze", conversations);
    return [
      ...choices,
      {
        id: "choose",
        label: t("acts.snooze.choose"),
        icon: <CalendarClock />,
        onSelect: choose,
      },
    ];
  };
}

export interface SnoozeMenuProps {
  conversations: readonly Conversation[];
  trigger: ReactElement;
}

export function SnoozeMenu({ conversations, trigger }: SnoozeMenuProps) {
  const entries = useSnoozeEntries();
  return <DropdownMenu trigger={trigger} entries={entries(conversations)} />;
}

const forInput = (moment: Date) =>
  new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** Asks for the time at which the conversations return. */
export function SnoozeDialog({ conversations, onClose }: ActDialogProps) {
  const { t } = useTranslation();
  const snooze = useSnooze();
  const [time, setTime] = useState(() => forInput(suggestedTime(new Date())));
  const until = new Date(time);
  const isPast = !(until.getTime() > Date.now());
  const submit = () => {
    if (isPast) return;
    onClose();
    void snooze.run(conversations, { until: until.toISOString() });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("acts.snooze.title", { count: conversations.length })}
      description={t("acts.snooze.description")}
      width="narrow"
      footer={
        <>
          <DialogClose asChild>
            <Button>{t("actions.cancel")}</Button>
          </DialogClose>
          <Button variant="primary" disabled={isPast} onClick={submit}>
            {t("acts.snooze.verb")}
          </Button>
        </>
      }
    >
      <Field
        label={t("acts.snooze.until")}
        error={isPast ? t("errors.codes.bad_moment") : undefined}
      >
        <Input
          type="datetime-local"
          value={time}
          min={forInput(new Date())}
          onChange={(event) => setTime(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && submit()}
        />
      </Field>
    </Dialog>
  );
}

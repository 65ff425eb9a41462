import { useState } from "react";
import { useColleagues, useTeams } from "@/shared/api/colleagues";
import { useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type Conversation, useQueues } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { Avatar } from "@/shared/ui/display/avatar";
import { Tabs } from "@/shared/ui/display/tabs";
import { Field } from "@/shared/ui/form/field";
import { Textarea } from "@/shared/ui/form/input";
import { type ComboboxOption, OptionList } from "@/shared/ui/form/option-list";
import { Dialog, DialogClose } from "@/shared/ui/overlay/dialog";
import { useTransfer } from "./hooks";

const PRESENCE_ORDER = { online: 0, away: 1, offline: 2 };
const NOTE_LIMIT = 4096;

export interface ActDialogProps {
  conversations: readonly Conversation[];
  onClose: () => void;
}

/** Transfers to a team or a person, with a note that only colleagues see. */
export function TransferDialog({ conversations, onClose }: ActDialogProps) {
  const { t } = useTranslation();
  const transfer = useTransfer();
  const [kind, setKind] = useState<"team" | "agent">("team");
  const [target, setTarget] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const options = useTargets(kind, conversations);
  const submit = async () => {
    if (!target) return;
    onClose();
    await transfer.run(conversations, { [kind]: target, note: note.trim() });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("acts.transfer.title", { count: conversations.length })}
      description={t("acts.transfer.description")}
      width="narrow"
      footer={
        <>
          <DialogClose asChild>
            <Button>{t("actions.cancel")}</Button>
          </DialogClose>
          <Button variant="primary" disabled={!target} onClick={submit}>
            {t("acts.transfer.verb")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <div className="overflow-hidden rounded-control border border-divider">
          <Tabs
            label={t("acts.transfer.to")}
            value={kind}
            onChange={(next) => {
              setKind(next);
              setTarget(null);
            }}
            tabs={[
              { value: "team", label: t("acts.transfer.team") },
              { value: "agent", label: t("acts.transfer.agent") },
            ]}
          >
            <OptionList
              key={kind}
              className="w-full"
              label={t(`acts.transfer.search_${kind}`)}
              options={options}
              selected={target ? [target] : []}
              onSelect={setTarget}
            />
          </Tabs>
        </div>
        <Field label={t("acts.transfer.note")} hint={t("acts.transfer.note_hint")}>
          <Textarea
            value={note}
            maxLength={NOTE_LIMIT}
            onChange={(event) => setNote(event.target.value)}
          />
        </Field>
      </div>
    </Dialog>
  );
}

/** Whom it can go to: not whoever has it already; the people who are there first. */
function useTargets(
  kind: "team" | "agent",
  conversations: readonly Conversation[],
): ComboboxOption[] {
  const { t } = useTranslation();
  const [teams, colleagues, user] = [useTeams(), useColleagues(), useCurrentUser()];
  const { waiting } = useQueues();
  const only = conversations.length === 1 ? conversations[0] : undefined;
  if (kind === "team") {
    return teams.map((team) => ({
      value: team.slug,
      label: team.name,
      hint: waiting[team.slug]
        ? t("acts.transfer.waiting", { count: waiting[team.slug] })
        : undefined,
    }));
  }
  return colleagues
    .filter((each) => each.id !== only?.agent)
    .toSorted((one, other) => PRESENCE_ORDER[one.state] - PRESENCE_ORDER[other.state])
    .map((each) => ({
      value: each.id,
      label: each.id === user.id ? t("acts.transfer.me", { name: each.name }) : each.name,
      hint: each.state === "online" ? undefined : t(`presence.${each.state}`),
      icon: (
        <Avatar
          name={each.name}
          seed={each.id}
          photo={each.photo_url}
          size="small"
          presence={each.state}
        />
      ),
    }));
}

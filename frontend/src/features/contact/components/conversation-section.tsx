import { Copy, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { LabelPicker, PriorityMenu, useSetLabels, useSetPriority } from "@/shared/acts";
import { useColleague, useTeamName } from "@/shared/api/colleagues";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { LabelChip } from "@/shared/ui/display/chip";
import { PriorityMark } from "@/shared/ui/display/priority-mark";
import { StatusPill } from "@/shared/ui/display/status-pill";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";

/** The open conversation: its protocol, who has it, and what can be set. */
export function ConversationSection({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation("contact");
  const format = useFormat();
  const team = useTeamName(conversation.team);
  const agent = useColleague(conversation.agent);
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-4 text-list [&>dd]:flex [&>dd]:min-h-8 [&>dd]:flex-wrap [&>dd]:items-center [&>dd]:gap-1 [&>dt]:text-text-3">
      <Row name={t("conversation.status")}>
        <StatusPill status={conversation.status} />
      </Row>
      <Row name={t("conversation.protocol")}>
        <span className="tabular-nums">{conversation.protocol}</span>
        <CopyProtocol protocol={conversation.protocol} />
      </Row>
      <Row name={t("conversation.channel")}>{conversation.channel}</Row>
      <Row name={t("conversation.team")}>{team ?? t("conversation.no_team")}</Row>
      <Row name={t("conversation.agent")}>
        {conversation.agent ? (agent?.name ?? "…") : t("conversation.no_agent")}
      </Row>
      <Row name={t("conversation.opened")}>
        <time dateTime={conversation.opened_at}>{format.dateTime(conversation.opened_at)}</time>
      </Row>
      <Row name={t("conversation.priority")}>
        <PriorityValue conversation={conversation} />
      </Row>
      <Row name={t("conversation.labels")}>
        <LabelsValue conversation={conversation} />
      </Row>
    </dl>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function CopyProtocol({ protocol }: { protocol: string }) {
  const { t } = useTranslation("contact");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(protocol);
      toast.done(t("shared:actions.copied"));
    } catch {
      toast.error(t("conversation.copy_failed"));
    }
  };
  return (
    <IconButton size="small" label={t("conversation.copy")} onClick={() => void copy()}>
      <Copy />
    </IconButton>
  );
}

function PriorityValue({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation("contact");
  const setPriority = useSetPriority();
  const mark = <PriorityMark priority={conversation.priority} withText />;
  if (!setPriority.offered(conversation)) return mark;
  return (
    <PriorityMenu
      conversations={[conversation]}
      trigger={
        <Button size="small" variant="quiet" className="-ml-2">
          <span className="sr-only">{t("conversation.set_priority")}</span>
          {mark}
        </Button>
      }
    />
  );
}

function LabelsValue({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation("contact");
  const setLabels = useSetLabels();
  const isOffered = setLabels.offered(conversation);
  return (
    <>
      {conversation.labels.map((label) => (
        <LabelChip
          key={label}
          label={label}
          {...(isOffered
            ? { onRemove: () => void setLabels.run(conversation, { remove: [label] }) }
            : {})}
        />
      ))}
      {!isOffered && conversation.labels.length === 0 && t("labels.none")}
      {isOffered && (
        <LabelPicker
          conversations={[conversation]}
          trigger={
            <IconButton size="small" label={t("conversation.add_label")}>
              <Plus />
            </IconButton>
          }
        />
      )}
    </>
  );
}

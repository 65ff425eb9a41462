import {
  ArrowLeft,
  ArrowRightLeft,
  CircleCheck,
  Ellipsis,
  History,
  MoonStar,
  PanelRight,
} from "lucide-react";
import {
  openActDialog,
  SnoozeMenu,
  useConversationEntries,
  useResolve,
  useSnooze,
  useTransfer,
} from "@/shared/acts";
import { SlaChip } from "@/shared/conversation-row/sla-chip";
import { formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type Conversation, useViewers } from "@/shared/live";
import { useSidePanel } from "@/shared/navigation/side-panel";
import { Button } from "@/shared/ui/button";
import { Avatar } from "@/shared/ui/display/avatar";
import { LabelChips } from "@/shared/ui/display/chip";
import { PriorityMark } from "@/shared/ui/display/priority-mark";
import { StatusPill } from "@/shared/ui/display/status-pill";
import { IconButton } from "@/shared/ui/icon-button";
import { DropdownMenu } from "@/shared/ui/overlay/menu";
import { useDrawnLater } from "@/shared/ui/use-drawn-later";
import { useThreadContext } from "../model/thread-context";

interface ThreadHeaderProps {
  conversation: Conversation;
  onBack: (() => void) | undefined;
  onHistory: () => void;
}

/** Whose conversation this is, its state, and the acts that agents use most. */
export function ThreadHeader(props: ThreadHeaderProps) {
  const { conversation, onBack, onHistory } = props;
  const sidePanel = useSidePanel();
  const hasActs = useDrawnLater();
  const { t } = useTranslation("thread");
  const phone = conversation.phone ? formatPhone(conversation.phone) : "";
  const name = conversation.contact || phone || t("header.unnamed");
  return (
    <header className="flex min-h-14 items-center gap-2 border-divider border-b px-3 py-1.5">
      {onBack && (
        <IconButton label={t("shared:actions.back")} onClick={onBack}>
          <ArrowLeft />
        </IconButton>
      )}
      <Avatar name={name} seed={conversation.contact_id} />
      <div className="min-w-0 flex-1">
        <div className="flex items-center gap-2">
          <h2 className="truncate font-semibold text-title">{name}</h2>
          {conversation.priority !== "normal" && <PriorityMark priority={conversation.priority} />}
          {/* The banner below says it, too; on a phone the name needs the room. */}
          <span className="max-sm:hidden">
            <StatusPill status={conversation.status} />
          </span>
        </div>
        <p className="flex items-center gap-2 truncate text-meta text-text-3 tabular-nums">
          <SlaChip sla={conversation.sla} />
          <span>{phone}</span>
          <span className="max-md:hidden">
            {t("header.protocol", { protocol: conversation.protocol })}
          </span>
          <span className="max-2xl:hidden">
            <LabelChips labels={conversation.labels} />
          </span>
        </p>
      </div>
      <Viewers conversationId={conversation.id} />
      {hasActs && <HeaderActs conversation={conversation} onHistory={onHistory} />}
      <IconButton
        label={t("header.side")}
        shortcut="Alt+O"
        pressed={sidePanel.isOpen}
        onClick={() => sidePanel.setOpen(!sidePanel.isOpen)}
      >
        <PanelRight />
      </IconButton>
    </header>
  );
}

function HeaderActs({
  conversation,
  onHistory,
}: {
  conversation: Conversation;
  onHistory: () => void;
}) {
  const { t } = useTranslation("thread");
  const [transfer, snooze, resolve] = [useTransfer(), useSnooze(), useResolve()];
  const entries = useConversationEntries()(conversation);
  const history = {
    id: "history",
    label: t("header.history"),
    icon: <History />,
    onSelect: onHistory,
  };
  return (
    <>
      {transfer.offered(conversation) && (
        <IconButton
          className="max-md:hidden"
          label={t("shared:acts.transfer.menu")}
          onClick={() => openActDialog("transfer", [conversation])}
        >
          <ArrowRightLeft />
        </IconButton>
      )}
      {snooze.offered(conversation) && (
        <span className="max-md:hidden">
          <SnoozeMenu
            conversations={[conversation]}
            trigger={
              <IconButton label={t("shared:acts.snooze.verb")} shortcut="Alt+M">
                <MoonStar />
              </IconButton>
            }
          />
        </span>
      )}
      {resolve.offered(conversation) && (
        <Button className="max-md:hidden" onClick={() => void resolve.run(conversation, undefined)}>
          <CircleCheck className="size-4" aria-hidden />
          {t("shared:acts.resolve.verb")}
        </Button>
      )}
      <DropdownMenu
        align="end"
        entries={[...entries, { type: "line", id: "line" }, history]}
        trigger={
          <IconButton label={t("shared:actions.more")}>
            <Ellipsis />
          </IconButton>
        }
      />
    </>
  );
}

/** Colleagues who have this conversation on their screens. */
function Viewers({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation("thread");
  const { nameOf } = useThreadContext();
  const viewers = useViewers(conversationId);
  if (viewers.length === 0) return null;
  const names = viewers.map(nameOf).join(", ");
  return (
    <span
      className="flex -space-x-1 max-sm:hidden"
      title={t("collision.viewing", { count: viewers.length, names })}
    >
      {viewers.slice(0, 3).map((id) => (
        <Avatar key={id} name={nameOf(id)} seed={id} size="small" labelled />
      ))}
    </span>
  );
}

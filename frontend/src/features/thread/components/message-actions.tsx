import { Copy, Ellipsis, Pencil, Reply, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { useThreadContext } from "../model/thread-context";
import { useMessageChanges } from "../model/use-message-changes";
import { EditDialog } from "./edit-dialog";
import { ReactionButton } from "./reaction-button";

interface MessageActionsProps {
  conversationId: string;
  message: Message;
}

/** What can be done with one message; shown on hover, on focus and on touch screens. */
export function MessageActions({ conversationId, message }: MessageActionsProps) {
  const { t } = useTranslation("thread");
  const context = useThreadContext();
  const [dialog, setDialog] = useState<"edit" | "delete" | null>(null);
  const changes = useMessageChanges(conversationId, message.id);
  const isNote = message.kind === "note";
  const isHere = conversationId === context.conversationId;
  const canReact = context.canReply && isHere && !isNote;
  const isOwn = message.author === "agent" && message.details.agent === context.userId;
  const canChange = canReact && isOwn && message.status !== "failed";
  const entries: MenuEntry[] = [];
  if (canReact) {
    const run = () => context.quote(message.id);
    entries.push({ id: "reply", label: t("acts.reply"), icon: <Reply />, onSelect: run });
  }
  if (message.text) {
    const run = () => void navigator.clipboard.writeText(message.text);
    entries.push({ id: "copy", label: t("acts.copy"), icon: <Copy />, onSelect: run });
  }
  if (canChange && message.kind === "text") {
    const run = () => setDialog("edit");
    entries.push({ id: "edit", label: t("acts.edit"), icon: <Pencil />, onSelect: run });
  }
  if (canChange) {
    const run = () => setDialog("delete");
    entries.push({
      id: "delete",
      label: t("acts.delete"),
      icon: <Trash2 />,
      danger: true,
      onSelect: run,
    });
  }
  if (entries.length === 0) return null;
  return (
    <div className="flex shrink-0 items-center opacity-0 focus-within:opacity-100 group-hover/message:opacity-100 has-data-[state=open]:opacity-100 pointer-coarse:opacity-100">
      {canReact && <ReactionButton onReact={changes.react} />}
      <DropdownMenu
        entries={entries}
        trigger={
          <IconButton label={t("acts.menu")} size="small">
            <Ellipsis />
          </IconButton>
        }
      />
      {dialog === "edit" && (
        <EditDialog message={message} onSave={changes.edit} onClose={() => setDialog(null)} />
      )}
      {dialog === "delete" && (
        <ConfirmDialog
          open
          onOpenChange={() => setDialog(null)}
          title={t("delete.title")}
          confirmLabel={t("acts.delete")}
          danger
          onConfirm={() => void changes.remove()}
          description={t("delete.text")}
        />
      )}
    </div>
  );
}

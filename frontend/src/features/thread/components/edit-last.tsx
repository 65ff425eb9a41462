import { useEffect, useMemo, useRef, useState } from "react";
import { type Command, useCommands } from "@/shared/commands/registry";
import type { Message, ThreadRow } from "@/shared/live";
import { useThreadContext } from "../model/thread-context";
import { useMessageChanges } from "../model/use-message-changes";
import { EditDialog } from "./edit-dialog";

/** The newest text of the user that WhatsApp has accepted. */
function findOwnLast(
  rows: readonly ThreadRow[],
  conversationId: string,
  userId: string,
): Message | undefined {
  const row = rows.findLast(
    (each) =>
      each.type === "message" &&
      each.conversationId === conversationId &&
      each.message.kind === "text" &&
      each.message.author === "agent" &&
      each.message.details.agent === userId &&
      each.message.status !== "failed" &&
      !each.message.deleted_at,
  );
  return row?.type === "message" ? row.message : undefined;
}

/** Lets the composer edit the user's last message: arrow up in an empty text. */
export function EditLast({ rows }: { rows: readonly ThreadRow[] }) {
  const { conversationId, userId, canReply } = useThreadContext();
  const [message, setMessage] = useState<Message | null>(null);
  const latest = useRef(rows);
  useEffect(() => {
    latest.current = rows;
  }, [rows]);
  const commands = useMemo<Command[]>(() => {
    if (!canReply) return [];
    const find = () => findOwnLast(latest.current, conversationId, userId);
    return [
      {
        id: "thread.edit_last",
        title: "",
        group: "conversation",
        inBar: false,
        when: () => find() !== undefined,
        run: () => setMessage(find() ?? null),
      },
    ];
  }, [conversationId, userId, canReply]);
  useCommands(commands);
  return (
    message && <OpenEdit key={message.id} message={message} onClose={() => setMessage(null)} />
  );
}

function OpenEdit({ message, onClose }: { message: Message; onClose: () => void }) {
  const { conversationId } = useThreadContext();
  const { edit } = useMessageChanges(conversationId, message.id);
  return <EditDialog message={message} onSave={edit} onClose={onClose} />;
}

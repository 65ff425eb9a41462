import { useEffect, useRef, useState } from "react";
import type { ReplyRight } from "@/shared/acts";
import { useCurrentUser } from "@/shared/api/session";
import { live } from "@/shared/live";

export type Collision = { type: "answered" | "taken"; userId: string };

/** A colleague answered while this user was writing, or took the conversation away. */
export function useCollision(
  conversationId: string,
  isWriting: boolean,
  right: ReplyRight,
  agent: string | null,
): [Collision | null, () => void] {
  const user = useCurrentUser();
  const [collision, setCollision] = useState<Collision | null>(null);
  const writing = useRef(isWriting);
  useEffect(() => {
    writing.current = isWriting;
  }, [isWriting]);
  useEffect(
    () =>
      live.onEvent(({ conversation, message }) => {
        if (conversation.id !== conversationId || !writing.current) return;
        const author = message?.author === "agent" ? message.details.agent : null;
        if (typeof author !== "string" || author === user.id || message?.kind === "note") return;
        setCollision({ type: "answered", userId: author });
      }),
    [conversationId, user.id],
  );
  const previous = useRef(right);
  useEffect(() => {
    const isMine = previous.current === "me" || (writing.current && previous.current !== right);
    if (isMine && right === "colleague" && agent) {
      setCollision({ type: "taken", userId: agent });
    }
    previous.current = right;
  }, [right, agent]);
  return [collision, () => setCollision(null)];
}

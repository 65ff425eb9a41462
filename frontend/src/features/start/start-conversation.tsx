import { MessageSquarePlus } from "lucide-react";
import { Suspense, useMemo } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import { type Command, useCommands } from "@/shared/commands/registry";
import { useTranslation } from "@/shared/i18n/use-translation";
import {
  closeStartConversation,
  openStartConversation,
  useStartRequest,
} from "@/shared/navigation/start-conversation";
import { lazyPart } from "@/shared/parts/load-part";

const StartDialog = lazyPart(() => import("./components/start-dialog"));

/**
 * The dialog that `openStartConversation` opens, and its command. The shell mounts it once. `onOpen`
 * shows a conversation: the new one, or the one that was open already.
 */
export function StartConversation({ onOpen }: { onOpen: (conversationId: string) => void }) {
  const { t } = useTranslation("start");
  const user = useCurrentUser();
  const request = useStartRequest();
  const mayStart = may(user, "conversations:reply");
  const commands = useMemo<Command[]>(
    () => [
      {
        id: "conversation.start",
        title: t("title"),
        group: "go",
        icon: <MessageSquarePlus />,
        when: () => mayStart,
        run: () => openStartConversation(),
      },
    ],
    [t, mayStart],
  );
  useCommands(commands);
  if (!request || !mayStart) return null;
  const open = (conversationId: string) => {
    closeStartConversation();
    onOpen(conversationId);
  };
  return (
    <Suspense>
      <StartDialog
        key={request.contact?.id ?? "anybody"}
        request={request}
        onOpen={open}
        onClose={closeStartConversation}
      />
    </Suspense>
  );
}

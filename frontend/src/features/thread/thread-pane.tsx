import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  type ReplyRight,
  replyRightOf,
  useAssign,
  useReopen,
  useReturnToAssistant,
  useShownConversation,
} from "@/shared/acts";
import { useColleagues } from "@/shared/api/colleagues";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import {
  type Conversation,
  live,
  useAssistantDraft,
  useChangeDraft,
  useConversationState,
  useThread,
  useUnread,
} from "@/shared/live";
import { lazyPart } from "@/shared/parts/load-part";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { EditLast } from "./components/edit-last";
import { IncomingLog } from "./components/incoming-log";
import { MessageList, type ScrollTarget } from "./components/message-list";
import { ReplyRightBanner } from "./components/reply-right-banner";
import { ThreadHeader } from "./components/thread-header";
import { decorateRows, draftRow, findFirstUnread } from "./model/display-rows";
import { ThreadContext, type ThreadContextValue } from "./model/thread-context";
import { useMarkRead } from "./model/use-mark-read";

const MediaViewer = lazyPart(() => import("./components/media-viewer"));

export interface ThreadPaneProps {
  conversationId: string;
  /** The message to show first: a hit of the search. */
  messageId?: string;
  /** Leads back to the list, on a screen that shows one pane. */
  onBack?: () => void;
  /** Opens the history slider. */
  onHistory: () => void;
}

/** A conversation with all earlier ones of the person, and who may write in it. */
export function ThreadPane(props: ThreadPaneProps) {
  const { t } = useTranslation("thread");
  const { state, error } = useConversationState(props.conversationId);
  const conversation = useShownConversation(props.conversationId);
  useEffect(() => {
    live.setViewing(props.conversationId);
    return () => live.setViewing(null);
  }, [props.conversationId]);
  if (state === "hidden") {
    return <EmptyState title={t("hidden.title")}>{t("hidden.text")}</EmptyState>;
  }
  if (!conversation) {
    if (state === "error") return <ErrorState error={error} title={t("load_failed")} />;
    return <SkeletonRows count={6} height={64} label={t("header.loading")} />;
  }
  return <OpenThread {...props} conversation={conversation} />;
}

function OpenThread(props: ThreadPaneProps & { conversation: Conversation }) {
  const { conversation, conversationId, messageId, onBack, onHistory } = props;
  const { t } = useTranslation("thread");
  const user = useCurrentUser();
  const thread = useThread(conversationId);
  const draft = useAssistantDraft(conversationId);
  const [target, setTarget] = useState<ScrollTarget | null>(null);
  const [viewerId, setViewerId] = useState<string | null>(null);
  const right = replyRightOf(conversation, user.id);
  const canReply = right === "me" && may(user, "conversations:reply");
  const firstUnread = useFirstUnread(thread.rows, conversationId);
  useMarkRead(conversation, thread.rows);

  const rows = useMemo(() => {
    const decorated = decorateRows(thread.rows, user.id, firstUnread);
    return draft && !thread.hasNewer ? [...decorated, draftRow(draft)] : decorated;
  }, [thread.rows, thread.hasNewer, user.id, firstUnread, draft]);

  const { jumpTo: loadAround } = thread;
  const jumpTo = useCallback(
    async (id: string) => {
      if (await loadAround(id)) setTarget({ key: id, request: Date.now() });
    },
    [loadAround],
  );
  useEffect(() => {
    if (messageId) void jumpTo(messageId);
  }, [messageId, jumpTo]);

  const context = useContextValue({
    conversationId,
    userId: user.id,
    canReply,
    rows: thread.rows,
    jumpTo,
    openViewer: setViewerId,
  });
  const images = useMemo(
    () =>
      thread.rows.flatMap((row) =>
        row.type === "message" &&
        row.message.kind === "image" &&
        row.message.file?.status === "kept"
          ? [{ conversationId: row.conversationId, message: row.message }]
          : [],
      ),
    [thread.rows],
  );
  const viewerIndex = images.findIndex((each) => each.message.id === viewerId);
  return (
    <ThreadContext.Provider value={context}>
      <ThreadHeader conversation={conversation} onBack={onBack} onHistory={onHistory} />
      <RightBanner conversation={conversation} right={right} />
      {thread.state === "error" && (
        <ErrorState error={thread.error} title={t("load_failed")} onRetry={thread.retry} />
      )}
      {thread.state === "loading" && rows.length === 0 && (
        <div className="min-h-0 flex-1 overflow-hidden">
          <SkeletonRows count={6} height={64} label={t("header.loading")} />
        </div>
      )}
      {thread.state === "ready" && rows.length === 0 && (
        <EmptyState className="flex-1" title={t("empty.title")}>
          {t("empty.text")}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <MessageList
          rows={rows}
          hasOlder={thread.hasOlder}
          hasNewer={thread.hasNewer}
          onOlder={thread.loadOlder}
          onNewer={thread.loadNewer}
          onEnd={() => {
            thread.jumpToEnd();
            setTarget({ key: null, request: Date.now() });
          }}
          target={target}
          label={t("title")}
        />
      )}
      <EditLast rows={thread.rows} />
      <IncomingLog conversationId={conversationId} />
      {viewerIndex !== -1 && (
        <Suspense>
          <MediaViewer
            images={images}
            index={viewerIndex}
            onIndex={(at) => setViewerId(images[at]?.message.id ?? null)}
            onClose={() => setViewerId(null)}
          />
        </Suspense>
      )}
    </ThreadContext.Provider>
  );
}

function RightBanner({ conversation, right }: { conversation: Conversation; right: ReplyRight }) {
  const [assign, giveBack, reopen] = [useAssign(), useReturnToAssistant(), useReopen()];
  const [isBusy, setBusy] = useState(false);
  const run = (act: Promise<boolean>) => {
    setBusy(true);
    void act.finally(() => setBusy(false));
  };
  const canAssign = [assign, giveBack, reopen].some((each) => each.offered(conversation));
  return (
    <ReplyRightBanner
      conversation={conversation}
      right={right}
      canAssign={canAssign}
      isBusy={isBusy}
      onTake={() => run(assign.run(conversation, {}))}
      onReturn={() => run(giveBack.run(conversation, undefined))}
      onReopen={() => run(reopen.run(conversation, undefined))}
    />
  );
}

/**
 * The unread line stays where it was when the conversation was opened. The count may come after the
 * messages; a message that came meanwhile gets no line, because the user sees it come.
 */
function useFirstUnread(rows: ThreadRows, conversationId: string): string | null {
  const unread = useUnread(conversationId);
  const opened = useRef<ThreadRows | null>(null);
  const fixed = useRef<string | null | undefined>(undefined);
  if (opened.current === null && rows.length > 0) opened.current = rows;
  if (fixed.current === undefined && opened.current && unread > 0) {
    const key = findFirstUnread(rows, conversationId, unread);
    fixed.current = opened.current.some((each) => each.key === key) ? key : null;
  }
  return fixed.current ?? null;
}

type ThreadRows = ReturnType<typeof useThread>["rows"];

interface ContextParts {
  conversationId: string;
  userId: string;
  canReply: boolean;
  rows: ThreadRows;
  jumpTo: (id: string) => Promise<void>;
  openViewer: (id: string) => void;
}

function useContextValue(parts: ContextParts): ThreadContextValue {
  const { conversationId, userId, canReply, rows, jumpTo, openViewer } = parts;
  const colleagues = useColleagues();
  const changeDraft = useChangeDraft(conversationId);
  const latest = useRef({ rows, changeDraft });
  useEffect(() => {
    latest.current = { rows, changeDraft };
  });
  return useMemo(
    () => ({
      conversationId,
      userId,
      canReply,
      openViewer,
      jumpTo: (id) => void jumpTo(id),
      findMessage: (id) => {
        const row = latest.current.rows.find(
          (each) => each.type === "message" && each.message.id === id,
        );
        return row?.type === "message" ? row.message : undefined;
      },
      quote: (id) => latest.current.changeDraft({ mode: "reply", replyTo: id }),
      nameOf: (id) => colleagues.find((each) => each.id === id)?.name ?? id.slice(0, 8),
    }),
    [conversationId, userId, canReply, jumpTo, openViewer, colleagues],
  );
}

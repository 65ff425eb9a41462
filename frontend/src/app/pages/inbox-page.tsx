import { getRouteApi, useNavigate, useParams } from "@tanstack/react-router";
import { memo, Suspense, useDeferredValue, useState } from "react";
import { InboxList } from "@/features/inbox";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useScreenWidth } from "@/shared/navigation/screen-width";
import { useSidePanel } from "@/shared/navigation/side-panel";
import { Pane, Panes } from "@/shared/ui/list/panes";
import { Sheet } from "@/shared/ui/overlay/sheet";
import { InboxWelcome } from "./inbox-welcome";
import { Composer, History, SidePanel, ThreadPane } from "./parts";

const route = getRouteApi("/signed-in/atendimentos");

/** The panes of the inbox: three on a wide screen, two on a narrow one, one on a phone. */
export function InboxPage() {
  const { t } = useTranslation("app");
  const { id } = useParams({ strict: false });
  const width = useScreenWidth();
  const navigate = useNavigate();
  const [isHistoryOpen, setHistoryOpen] = useState(false);
  const sidePanel = useSidePanel();
  const search = route.useSearch();
  const { mensagem } = search;
  // What somebody waits for who opens a conversation is the thread; the rest follows it.
  const shownId = useDeferredValue(id);
  const list = (
    <nav aria-label={t("inbox.list")} className="flex min-h-0 flex-1 flex-col">
      <InboxList
        search={search}
        onSearchChange={(next) => void navigate({ to: ".", search: next, replace: true })}
        openId={id ?? null}
        onOpen={(opened) =>
          void navigate({
            to: "/atendimentos/$id",
            params: { id: opened },
            search: { ...search, mensagem: undefined },
          })
        }
      />
    </nav>
  );
  const conversation = (
    <main
      id="content"
      tabIndex={-1}
      aria-label={t("inbox.conversation")}
      className="flex min-h-0 flex-1 flex-col outline-none"
    >
      <h1 className="sr-only">{t("titles.inbox")}</h1>
      <Suspense>
        {id ? (
          <>
            <ThreadPane
              key={id}
              conversationId={id}
              {...(mensagem ? { messageId: mensagem } : {})}
              {...(width === "phone"
                ? { onBack: () => void navigate({ to: "/atendimentos", search }) }
                : {})}
              onHistory={() => setHistoryOpen(true)}
            />
            {/* Never that of the conversation before: its words would go to somebody else. */}
            {shownId === id ? (
              <Composer key={`composer-${id}`} conversationId={id} />
            ) : (
              <div className="h-[131px] border-divider border-t" />
            )}
            {isHistoryOpen && <History conversationId={id} onClose={() => setHistoryOpen(false)} />}
          </>
        ) : (
          <InboxWelcome />
        )}
      </Suspense>
    </main>
  );
  const panel = shownId && <Panel conversationId={shownId} />;
  const isPanelBeside = width === "wide" && sidePanel.isOpen;
  return (
    <>
      {width === "phone" ? (
        id ? (
          conversation
        ) : (
          <PhoneList title={t("titles.inbox")}>{list}</PhoneList>
        )
      ) : (
        <Panes name="inbox">
          <Pane id="list" size={320} min={280} max={420} className="bg-panel">
            {list}
          </Pane>
          <Pane id="conversation" min={420}>
            {conversation}
          </Pane>
          {isPanelBeside && panel && (
            <Pane id="side" size={340} min={300} max={480} className="bg-panel">
              <aside aria-label={t("inbox.panel")} className="flex min-h-0 flex-1 flex-col">
                {panel}
              </aside>
            </Pane>
          )}
        </Panes>
      )}
      {width !== "wide" && panel && (
        <Sheet title={t("inbox.panel")} open={sidePanel.isOpen} onOpenChange={sidePanel.setOpen}>
          {panel}
        </Sheet>
      )}
    </>
  );
}

const Panel = memo(function Panel({ conversationId }: { conversationId: string }) {
  return (
    <Suspense>
      <SidePanel key={conversationId} conversationId={conversationId} />
    </Suspense>
  );
});

/** On a phone the list is the content of the page. */
function PhoneList({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
      <h1 className="sr-only">{title}</h1>
      {children}
    </main>
  );
}

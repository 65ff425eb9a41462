import type { ReactNode } from "react";
import {
  ContactSection,
  ConversationSection,
  EarlierSection,
  FilesSection,
} from "@/features/contact";
import { SubscriberPanel } from "@/features/subscriber";
import { mayWith, replyRightOf } from "@/shared/acts";
import { type CurrentUser, may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { type PanelSection, usePanelSections } from "@/shared/navigation/panel-sections";
import { Accordion } from "@/shared/ui/display/accordion";
import { PanelHeader } from "./panel-header";

interface PersonPanelProps {
  contactId: string;
  name: string | null;
  phone: string | null;
  blocked: boolean;
  /** The open conversation; null on the page of contacts. */
  conversation: Conversation | null;
  onClose?: (() => void) | undefined;
}

/** Everything of a person, in sections that the user orders and opens. */
export function PersonPanel(props: PersonPanelProps) {
  const { contactId, name, phone, blocked, conversation, onClose } = props;
  const { t } = useTranslation("app");
  const user = useCurrentUser();
  const sections = usePanelSections();
  const contents = sectionContents(contactId, conversation, user);
  const shown = sections.order.filter((each) => contents[each] !== null);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <PanelHeader
        person={{ id: contactId, name, phone, blocked }}
        sections={sections}
        shown={shown}
        onClose={onClose}
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Accordion
          sections={shown.map((id) => ({
            id,
            title: t(`side_panel.${id === "earlier" && !conversation ? "visits" : id}`),
            content: contents[id],
          }))}
          open={sections.open}
          onOpenChange={sections.setOpen}
        />
      </div>
    </div>
  );
}

/** The content of each section; null if the user may not see it. */
function sectionContents(
  contactId: string,
  conversation: Conversation | null,
  user: CurrentUser,
): Record<PanelSection, ReactNode> {
  const conversationId = conversation?.id ?? null;
  const seesContacts = may(user, "contacts:read");
  const canSend =
    conversation !== null &&
    replyRightOf(conversation, user.id) === "me" &&
    mayWith(user, "conversations:reply", conversation);
  return {
    subscriber: may(user, "subscribers:read") ? (
      <SubscriberPanel contactId={contactId} conversationId={conversationId} canSend={canSend} />
    ) : null,
    contact: seesContacts ? (
      <ContactSection
        contactId={contactId}
        conversationId={conversationId}
        canStart={conversation === null || conversation.status === "resolved"}
      />
    ) : null,
    conversation: conversation && <ConversationSection conversation={conversation} />,
    earlier: seesContacts ? (
      <EarlierSection contactId={contactId} conversationId={conversationId} />
    ) : null,
    files: seesContacts ? <FilesSection contactId={contactId} /> : null,
  };
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ban, MessageSquarePlus } from "lucide-react";
import { may, useCurrentUser } from "@/shared/api/session";
import { type Contact, contactQuery } from "@/shared/contacts/contact-queries";
import { formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { openStartConversation } from "@/shared/navigation/start-conversation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { useChangeContact } from "../model/contact-changes";
import { BegunMessagesCheckbox } from "./begun-messages-checkbox";
import { BlockButton } from "./block-button";
import { ContactLabels } from "./contact-labels";
import { InlineEdit } from "./inline-edit";
import { NotesField } from "./notes-field";

export interface ContactSectionProps {
  contactId: string;
  /** The conversation on the screen, if there is one. */
  conversationId: string | null;
  /** Offers to start a conversation: not beside one that is open. */
  canStart: boolean;
}

/** Who the person is, and what an agent may change about it. */
export function ContactSection(props: ContactSectionProps) {
  const { t } = useTranslation("contact");
  const { data, error, refetch } = useQuery(contactQuery(props.contactId));
  if (error) {
    return (
      <ErrorState
        className="py-4"
        error={error}
        title={t("failed")}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) return <SkeletonRows count={3} height={36} label={t("shared:ui.loading")} />;
  return <ContactView key={data.id} contact={data} {...props} />;
}

function ContactView({
  contact,
  conversationId,
  canStart,
}: ContactSectionProps & { contact: Contact }) {
  const { t } = useTranslation("contact");
  const user = useCurrentUser();
  const mayWrite = may(user, "contacts:write") && !contact.merged_into;
  return (
    <div className="flex flex-col gap-3">
      {contact.blocked && (
        <Banner tone="danger" icon={<Ban aria-hidden />} className="rounded-control">
          {t("blocked")}
        </Banner>
      )}
      {contact.merged_into && (
        <Banner className="rounded-control">
          {t("merged")}{" "}
          <Link
            to="/contatos/$id"
            params={{ id: contact.merged_into }}
            className="text-link underline"
          >
            {t("merged_open")}
          </Link>
        </Banner>
      )}
      <ContactFields contact={contact} conversationId={conversationId} mayWrite={mayWrite} />
      <ContactLabels contact={contact} mayWrite={mayWrite} />
      <NotesField contact={contact} mayWrite={mayWrite} />
      <BegunMessagesCheckbox contact={contact} mayWrite={mayWrite} />
      <div className="flex flex-wrap gap-2">
        {canStart && !contact.blocked && may(user, "conversations:reply") && (
          <Button size="small" onClick={() => openStartConversation({ contact })}>
            <MessageSquarePlus className="size-4" aria-hidden />
            {t("start")}
          </Button>
        )}
        {mayWrite && <BlockButton contact={contact} conversationId={conversationId} />}
      </div>
    </div>
  );
}

interface ContactFieldsProps {
  contact: Contact;
  conversationId: string | null;
  mayWrite: boolean;
}

function ContactFields({ contact, conversationId, mayWrite }: ContactFieldsProps) {
  const { t } = useTranslation("contact");
  const change = useChangeContact({ contactId: contact.id, conversationId });
  const save = (field: "name" | "document") =>
    mayWrite ? (text: string) => change.mutateAsync({ [field]: text || null }) : undefined;
  const phones = [...new Set([contact.phone, ...contact.phones])].filter((each) => each !== null);
  return (
    <>
      <InlineEdit
        label={t("name.label")}
        editLabel={t("name.edit")}
        value={contact.name ?? ""}
        maxLength={120}
        onSave={save("name")}
      >
        <bdi>{contact.name ?? t("shared:ui.no_name")}</bdi>
      </InlineEdit>
      <div>
        <p className="text-meta text-text-3">{t("phones", { count: phones.length })}</p>
        <ul className="text-list tabular-nums">
          {phones.map((phone) => (
            <li key={phone}>
              {formatPhone(phone)}
              {phones.length > 1 && phone === contact.phone && (
                <span className="text-meta text-text-3"> · {t("phone_in_use")}</span>
              )}
            </li>
          ))}
          {phones.length === 0 && <li className="text-text-3">{t("no_phone")}</li>}
        </ul>
      </div>
      <InlineEdit
        label={t("document.label")}
        editLabel={t("document.edit")}
        value={contact.document ?? ""}
        hint={t("document.hint")}
        maxLength={32}
        inputMode="numeric"
        onSave={save("document")}
      >
        <span className="tabular-nums">
          {contact.document ?? t(contact.has_document ? "document.unreadable" : "document.none")}
        </span>
      </InlineEdit>
    </>
  );
}

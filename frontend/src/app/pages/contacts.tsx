import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, ContactRound } from "lucide-react";
import { useEffect, useRef } from "react";
import { ContactList } from "@/features/contacts";
import { contactQuery } from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useScreenWidth } from "@/shared/navigation/screen-width";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { IconButton } from "@/shared/ui/icon-button";
import { Pane, Panes } from "@/shared/ui/list/panes";
import { PersonPanel } from "./person-panel";

const route = getRouteApi("/signed-in/contatos");
const NO_LABELS: string[] = [];

/** The list of contacts with the open one beside it; on a phone one after the other. */
export function Contacts({ contactId }: { contactId: string | undefined }) {
  const { t } = useTranslation("app");
  const { q = "", etiqueta = NO_LABELS } = route.useSearch();
  const navigate = useNavigate();
  const isPhone = useScreenWidth() === "phone";
  const lastId = useRef<string | null>(null);
  useEffect(() => {
    if (contactId) lastId.current = contactId;
  }, [contactId]);
  const address = contactId ? `/contatos/${contactId}` : "/contatos";
  const list = (
    <ContactList
      search={q}
      labels={etiqueta}
      openId={contactId ?? null}
      focusId={isPhone ? lastId.current : null}
      onSearch={(text, labels) => {
        const search = {
          ...(text ? { q: text } : {}),
          ...(labels.length > 0 ? { etiqueta: [...labels] } : {}),
        };
        void navigate({ to: address, search, replace: true });
      }}
      onOpen={(id) => void navigate({ to: "/contatos/$id", params: { id }, search: (old) => old })}
    />
  );
  if (isPhone && contactId) {
    const back = () => void navigate({ to: "/contatos", search: (old) => old });
    return <ContactDetail key={contactId} contactId={contactId} onBack={back} />;
  }
  if (isPhone) return list;
  return (
    <Panes name="contacts">
      <Pane id="list" size={420} min={320} max={640} className="bg-panel">
        {list}
      </Pane>
      <Pane id="contact" min={320}>
        {contactId ? (
          <ContactDetail key={contactId} contactId={contactId} />
        ) : (
          <div className="flex flex-1 items-center justify-center">
            <EmptyState icon={<ContactRound />} title={t("contacts.none")}>
              {t("contacts.none_hint")}
            </EmptyState>
          </div>
        )}
      </Pane>
    </Panes>
  );
}

interface ContactDetailProps {
  contactId: string;
  onBack?: () => void;
}

function ContactDetail({ contactId, onBack }: ContactDetailProps) {
  const { t } = useTranslation("app");
  const { data, error, refetch } = useQuery(contactQuery(contactId));
  const detail = useRef<HTMLDivElement>(null);
  const isAlone = onBack !== undefined;
  useEffect(() => {
    // The row that had the focus is gone.
    if (isAlone) detail.current?.focus();
  }, [isAlone]);
  return (
    <div
      ref={detail}
      tabIndex={-1}
      className="flex min-h-0 w-full max-w-[760px] flex-1 flex-col outline-none"
    >
      {onBack && (
        <div className="border-divider border-b px-2 py-1">
          <IconButton size="large" label={t("shared:actions.back")} onClick={onBack}>
            <ArrowLeft />
          </IconButton>
        </div>
      )}
      {error && (
        <ErrorState error={error} title={t("side_panel.failed")} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows count={6} height={40} label={t("loading")} />}
      {data && (
        <PersonPanel
          contactId={contactId}
          name={data.name}
          phone={data.phone}
          blocked={data.blocked}
          conversation={null}
        />
      )}
    </div>
  );
}

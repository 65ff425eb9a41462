import { useShownConversation } from "@/shared/acts";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useConversationState } from "@/shared/live";
import { useScreenWidth } from "@/shared/navigation/screen-width";
import { useSidePanel } from "@/shared/navigation/side-panel";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { PersonPanel } from "./person-panel";

/** The person of the open conversation. Where it slides over, the sheet has the button that closes. */
export function SidePanel({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation("app");
  const { state, error } = useConversationState(conversationId);
  const conversation = useShownConversation(conversationId);
  const isBeside = useScreenWidth() === "wide";
  const { setOpen } = useSidePanel();
  if (!conversation) {
    if (state === "hidden") return <EmptyState title={t("side_panel.hidden")} />;
    if (state === "error") return <ErrorState error={error} title={t("side_panel.failed")} />;
    return <SkeletonRows count={5} height={40} label={t("loading")} />;
  }
  return (
    <PersonPanel
      contactId={conversation.contact_id}
      name={conversation.contact}
      phone={conversation.phone}
      blocked={conversation.contact_blocked}
      conversation={conversation}
      onClose={isBeside ? () => setOpen(false) : undefined}
    />
  );
}

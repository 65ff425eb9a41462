import { memo } from "react";
import { useColleagues } from "@/shared/api/colleagues";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useTyping } from "@/shared/live";
import { Banner } from "@/shared/ui/feedback/banner";
import type { Collision } from "../model/use-collision";

interface ComposerNoticesProps {
  conversationId: string;
  collision: Collision | null;
  onCloseCollision: () => void;
}

/** Who else is typing here, and a clear word when somebody was faster. */
export const ComposerNotices = memo(function ComposerNotices(props: ComposerNoticesProps) {
  const { conversationId, collision, onCloseCollision } = props;
  const { t } = useTranslation("composer");
  const colleagues = useColleagues();
  const typing = useTyping(conversationId);
  const nameOf = (id: string) => colleagues.find((each) => each.id === id)?.name ?? t("colleague");
  return (
    <>
      {collision && (
        <Banner tone="warn" live onClose={onCloseCollision}>
          {t(`collision.${collision.type}`, { name: nameOf(collision.userId) })}
        </Banner>
      )}
      {typing.length > 0 && (
        <p className="px-3 pt-1 text-meta text-text-3" role="status">
          {t("typing", { count: typing.length, names: typing.map(nameOf).join(", ") })}
        </p>
      )}
    </>
  );
});

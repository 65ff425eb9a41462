import { Bot, Hourglass, Moon, UserRound } from "lucide-react";
import type { ReplyRight } from "@/shared/acts";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { useThreadContext } from "../model/thread-context";

interface ReplyRightBannerProps {
  conversation: Conversation;
  right: ReplyRight;
  canAssign: boolean;
  isBusy: boolean;
  onTake: () => void;
  onReturn: () => void;
  onReopen: () => void;
}

/** Who may write to the customer now, and the act that changes it. */
export function ReplyRightBanner(props: ReplyRightBannerProps) {
  const { conversation, right, canAssign, isBusy, onTake, onReturn, onReopen } = props;
  const { t } = useTranslation("thread");
  const format = useFormat();
  const { nameOf } = useThreadContext();
  const name = conversation.agent ? nameOf(conversation.agent) : "";
  const act = (label: string, run: () => void, isMain: boolean) =>
    canAssign && (
      <Button
        size="small"
        variant={isMain ? "primary" : "secondary"}
        disabled={isBusy}
        onClick={run}
      >
        {label}
      </Button>
    );
  switch (right) {
    case "assistant":
      return (
        <Banner tone="ai" icon={<Bot aria-hidden />} actions={act(t("right.take"), onTake, true)}>
          {t("right.assistant")}
        </Banner>
      );
    case "nobody":
      return (
        <Banner
          tone="warn"
          icon={<Hourglass aria-hidden />}
          actions={act(t("right.take"), onTake, true)}
        >
          {t("right.nobody")}
        </Banner>
      );
    case "colleague":
      return (
        <Banner icon={<UserRound aria-hidden />} actions={act(t("right.take"), onTake, false)}>
          {t("right.colleague", { name })}
        </Banner>
      );
    case "snoozed":
      return (
        <Banner icon={<Moon aria-hidden />} actions={act(t("right.take"), onTake, true)}>
          {t("right.snoozed", {
            until: conversation.snoozed_until ? format.dateTime(conversation.snoozed_until) : "",
          })}
        </Banner>
      );
    case "resolved":
      return (
        <Banner actions={act(t("right.reopen"), onReopen, true)}>{t("right.resolved")}</Banner>
      );
    case "me":
      return (
        <Banner icon={<UserRound aria-hidden />} actions={act(t("right.return"), onReturn, false)}>
          {t("right.me")}
        </Banner>
      );
  }
}

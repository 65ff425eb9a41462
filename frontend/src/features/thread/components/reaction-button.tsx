import { Plus, SmilePlus } from "lucide-react";
import { Suspense, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { lazyPart } from "@/shared/parts/load-part";
import { Spinner } from "@/shared/ui/feedback/progress";
import { IconButton } from "@/shared/ui/icon-button";
import { Popover } from "@/shared/ui/overlay/popover";

const EmojiPicker = lazyPart(() => import("@/shared/ui/emoji-picker"));
const EMOJIS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

export function ReactionButton({ onReact }: { onReact: (emoji: string) => void }) {
  const { t } = useTranslation("thread");
  const [isOpen, setOpen] = useState(false);
  const [showsAll, setShowsAll] = useState(false);
  const choose = (emoji: string) => {
    setOpen(false);
    setShowsAll(false);
    onReact(emoji);
  };
  return (
    <Popover
      label={t("acts.react")}
      open={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        setShowsAll(false);
      }}
      side="top"
      className={showsAll ? "p-0" : "flex gap-1 p-1"}
      trigger={
        <IconButton label={t("acts.react")} size="small">
          <SmilePlus />
        </IconButton>
      }
    >
      {showsAll ? (
        <Suspense fallback={<Spinner label={t("acts.more_emojis")} className="m-8" />}>
          <EmojiPicker onSelect={choose} />
        </Suspense>
      ) : (
        <QuickEmojis onChoose={choose} onMore={() => setShowsAll(true)} />
      )}
    </Popover>
  );
}

function QuickEmojis({
  onChoose,
  onMore,
}: {
  onChoose: (emoji: string) => void;
  onMore: () => void;
}) {
  const { t } = useTranslation("thread");
  return (
    <>
      {EMOJIS.map((emoji) => (
        <button
          key={emoji}
          type="button"
          className="size-9 rounded-control text-title hover:bg-hover"
          onClick={() => onChoose(emoji)}
        >
          {emoji}
        </button>
      ))}
      <IconButton label={t("acts.more_emojis")} className="size-9" onClick={onMore}>
        <Plus />
      </IconButton>
      <button
        type="button"
        className="rounded-control px-2 text-meta text-text-2 hover:bg-hover"
        onClick={() => onChoose("")}
      >
        {t("acts.unreact")}
      </button>
    </>
  );
}

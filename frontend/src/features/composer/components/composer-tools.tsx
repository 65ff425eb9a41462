import { BookmarkPlus, Ellipsis, Mic, Paperclip, Smile, Zap } from "lucide-react";
import { memo, Suspense, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { lazyPart } from "@/shared/parts/load-part";
import { Spinner } from "@/shared/ui/feedback/progress";
import { IconButton } from "@/shared/ui/icon-button";
import { DropdownMenu } from "@/shared/ui/overlay/menu";
import { Popover } from "@/shared/ui/overlay/popover";

const EmojiPicker = lazyPart(() => import("@/shared/ui/emoji-picker"));

interface ComposerToolsProps {
  isNote: boolean;
  canRecord: boolean;
  onAttach: () => void;
  onCanned: () => void;
  onEmoji: (emoji: string) => void;
  onRecord: () => void;
  /** Keeps the text as a canned response; absent while there is none. */
  onSaveCanned: (() => void) | undefined;
}

/** Drawn anew only when something of it changes, not with each letter. */
export const ComposerTools = memo(function ComposerTools(props: ComposerToolsProps) {
  const { isNote, canRecord, onAttach, onCanned, onEmoji, onRecord, onSaveCanned } = props;
  const { t } = useTranslation("composer");
  return (
    <div className="flex items-center gap-1">
      <EmojiButton onEmoji={onEmoji} />
      <IconButton label={t("tools.attach")} shortcut="Ctrl+Alt+A" onClick={onAttach}>
        <Paperclip />
      </IconButton>
      {!isNote && (
        <IconButton label={t("tools.canned")} shortcut="/" onClick={onCanned}>
          <Zap />
        </IconButton>
      )}
      {!isNote && canRecord && (
        <IconButton label={t("tools.record")} onClick={onRecord}>
          <Mic />
        </IconButton>
      )}
      {!isNote && (
        <DropdownMenu
          side="top"
          entries={[
            {
              id: "save",
              label: t("tools.save_canned"),
              icon: <BookmarkPlus />,
              disabled: !onSaveCanned,
              onSelect: () => onSaveCanned?.(),
            },
          ]}
          trigger={
            <IconButton label={t("tools.more")}>
              <Ellipsis />
            </IconButton>
          }
        />
      )}
    </div>
  );
});

function EmojiButton({ onEmoji }: { onEmoji: (emoji: string) => void }) {
  const { t } = useTranslation("composer");
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover
      label={t("tools.emoji")}
      open={isOpen}
      onOpenChange={setOpen}
      side="top"
      className="p-0"
      trigger={
        <IconButton label={t("tools.emoji")}>
          <Smile />
        </IconButton>
      }
    >
      <Suspense fallback={<Spinner label={t("tools.emoji")} className="m-8" />}>
        <EmojiPicker
          onSelect={(emoji) => {
            setOpen(false);
            onEmoji(emoji);
          }}
        />
      </Suspense>
    </Popover>
  );
}

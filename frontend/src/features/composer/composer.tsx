import { SendHorizontal } from "lucide-react";
import { type DragEvent, useId, useRef, useState } from "react";
import { useShownConversation } from "@/shared/acts";
import { openCannedEditor } from "@/shared/canned/editor-request";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/class-names";
import { useStableCallback } from "@/shared/ui/use-stable-callback";
import { ComposerNotices } from "./components/composer-notices";
import { ComposerText } from "./components/composer-text";
import { ComposerTools } from "./components/composer-tools";
import { FileStrip } from "./components/file-strip";
import { ModeTabs } from "./components/mode-tabs";
import { QuoteStrip } from "./components/quote-strip";
import { VoiceBar } from "./components/voice-bar";
import { canRecord } from "./model/recorder";
import { useComposer } from "./model/use-composer";
import { useComposerCommands } from "./model/use-composer-commands";

/** Where an agent writes to the customer, or a note to colleagues. */
export function Composer({ conversationId }: { conversationId: string }) {
  const conversation = useShownConversation(conversationId);
  return conversation ? <OpenComposer conversation={conversation} /> : null;
}

function OpenComposer({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation("composer");
  const composer = useComposer(conversation);
  const { draft, isNote, change } = composer;
  const [isRecording, setRecording] = useState(false);
  const [isDropping, setDropping] = useState(false);
  const fileInput = useRef<HTMLInputElement>(null);
  const menuId = useId();
  const openMode = useStableCallback((mode: (typeof composer.modes)[number]) => {
    change({ mode });
    composer.text.current?.focus();
  });
  const attach = useStableCallback(() => fileInput.current?.click());
  const insert = useStableCallback(composer.insert);
  const insertSlash = useStableCallback(() => composer.insert("/"));
  const record = useStableCallback(() => setRecording(true));
  const saveCanned = useStableCallback(() => openCannedEditor({ text: draft.text }));
  useComposerCommands({ modes: composer.modes, onMode: openMode, onAttach: attach });
  if (composer.isForbidden) {
    return <p className="border-divider border-t p-3 text-text-3">{t("placeholder.forbidden")}</p>;
  }
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setDropping(false);
    composer.addFiles([...event.dataTransfer.files]);
  };
  return (
    <section
      aria-label={t("label")}
      className={cn(
        "relative border-divider border-t",
        isNote && "bg-note",
        isDropping && "bg-selected",
      )}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={drop}
    >
      <ComposerNotices
        conversationId={conversation.id}
        collision={composer.collision}
        onCloseCollision={composer.closeCollision}
      />
      <ModeTabs mode={draft.mode} modes={composer.modes} onChange={openMode} />
      {draft.replyTo && !isNote && (
        <QuoteStrip messageId={draft.replyTo} onRemove={() => change({ replyTo: null })} />
      )}
      <FileStrip
        files={draft.files}
        canned={draft.cannedFiles}
        onRemove={(index) => change({ files: draft.files.filter((_, at) => at !== index) })}
        onRemoveCanned={(id) =>
          change({ cannedFiles: draft.cannedFiles.filter((each) => each.id !== id) })
        }
      />
      {composer.hasManyNoteFiles && (
        <p role="status" className="px-3 pt-1 text-meta text-warn">
          {t("problems.note_files")}
        </p>
      )}
      {isRecording ? (
        <VoiceBar onSend={composer.sendVoice} onClose={() => setRecording(false)} />
      ) : (
        <>
          <ComposerText composer={composer} menuId={menuId} />
          <div className="flex items-center justify-between gap-2 px-2 pb-2">
            <ComposerTools
              isNote={isNote}
              canRecord={canRecord() && composer.canReply}
              onAttach={attach}
              onCanned={insertSlash}
              onEmoji={insert}
              onRecord={record}
              onSaveCanned={draft.text.trim() ? saveCanned : undefined}
            />
            <Button
              variant="primary"
              aria-label={composer.sendLabel}
              disabled={!composer.canSend}
              onClick={() => void composer.send()}
            >
              <SendHorizontal className="size-4" aria-hidden />
              <span className="max-sm:hidden">{composer.sendLabel}</span>
            </Button>
          </div>
        </>
      )}
      <input
        ref={fileInput}
        type="file"
        multiple
        hidden
        data-composer-files
        onChange={(event) => {
          composer.addFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </section>
  );
}

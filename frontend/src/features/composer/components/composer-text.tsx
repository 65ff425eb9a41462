import {
  type ClipboardEvent,
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useState,
} from "react";
import { usePreferences } from "@/shared/api/preferences";
import { runCommand } from "@/shared/commands/registry";
import { useTranslation } from "@/shared/i18n/use-translation";
import { findTrigger, type Trigger } from "../model/trigger";
import { type ComposerModel, MAX_TEXT } from "../model/use-composer";
import { useSuggestions } from "../model/use-suggestions";
import { SuggestionList } from "./suggestion-list";

const MAX_HEIGHT = 200;
const SIZES_ITSELF = globalThis.CSS?.supports?.("field-sizing", "content") ?? false;
const COUNT_FROM = 300;

/** The text, with the menus of `/` and `@` above it. */
export function ComposerText({ composer, menuId }: { composer: ComposerModel; menuId: string }) {
  const { t } = useTranslation("composer");
  const { draft, isNote, text } = composer;
  const [trigger, setTrigger] = useState<Trigger | null>(null);
  const { entries, active, move } = useSuggestions(trigger);
  const onEnter = useEnterKey(composer);
  useGrowing(text, draft.text);
  useCursor(composer);
  const readTrigger = () => {
    const element = text.current;
    const marks = isNote ? ["@"] : ["/"];
    setTrigger(element && findTrigger(element.value, element.selectionStart, marks));
  };
  const choose = (index: number) => {
    const entry = entries[index];
    if (entry && trigger) composer.choose(entry.choice, trigger);
    setTrigger(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (
      trigger &&
      onMenuKey(
        event,
        move,
        () => choose(active),
        () => setTrigger(null),
      )
    )
      return;
    if (isPlainArrowUp(event) && draft.text === "" && !isNote) {
      if (runCommand("thread.edit_last")) event.preventDefault();
      return;
    }
    onEnter(event);
  };
  const isOpen = trigger !== null;
  const left = MAX_TEXT - draft.text.length;
  return (
    <div className="relative">
      {isOpen && (
        <SuggestionList
          id={menuId}
          label={t(isNote ? "mentions.label" : "canned.label")}
          empty={t(isNote ? "mentions.empty" : "canned.empty")}
          suggestions={entries}
          active={active}
          onChoose={choose}
        />
      )}
      <textarea
        ref={text}
        rows={2}
        value={draft.text}
        maxLength={MAX_TEXT}
        disabled={!isNote && !composer.canReply}
        placeholder={composer.placeholder}
        aria-label={composer.placeholder}
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={isOpen ? menuId : undefined}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && entries[active] ? `${menuId}-${active}` : undefined}
        style={{ maxHeight: MAX_HEIGHT }}
        className="field-sizing-content block min-h-[calc(2lh+16px)] w-full resize-none bg-transparent px-3 py-2 text-body outline-none placeholder:text-text-3 disabled:cursor-not-allowed"
        onChange={(event) => {
          composer.change({ text: event.target.value });
          composer.signalTyping(event.target.value === "");
          readTrigger();
        }}
        onSelect={readTrigger}
        onBlur={() => setTrigger(null)}
        onKeyDown={onKeyDown}
        onPaste={(event: ClipboardEvent) => {
          const files = [...event.clipboardData.files];
          if (files.length === 0) return;
          event.preventDefault();
          composer.addFiles(files);
        }}
      />
      {left <= COUNT_FROM && (
        <p className="px-3 text-meta text-text-3" role="status">
          {t("count", { left })}
        </p>
      )}
    </div>
  );
}

function isPlainArrowUp(event: KeyboardEvent): boolean {
  const hasModifier = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
  return event.key === "ArrowUp" && !hasModifier;
}

function onMenuKey(
  event: KeyboardEvent,
  move: (step: number) => void,
  choose: () => void,
  close: () => void,
): boolean {
  if (event.shiftKey) return false;
  switch (event.key) {
    case "ArrowDown":
      move(1);
      break;
    case "ArrowUp":
      move(-1);
      break;
    case "Enter":
    case "Tab":
      choose();
      break;
    case "Escape":
      close();
      break;
    default:
      return false;
  }
  event.preventDefault();
  event.stopPropagation();
  return true;
}

function useEnterKey(composer: ComposerModel) {
  const { send_with } = usePreferences();
  return (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    const withControl = event.ctrlKey || event.metaKey;
    const sends = withControl || (send_with === "enter" && !event.shiftKey && !event.altKey);
    if (!sends) return;
    event.preventDefault();
    void composer.send();
  };
}

/** For browsers that do not size a field by its content themselves; it costs a layout for each letter. */
function useGrowing(text: React.RefObject<HTMLTextAreaElement | null>, value: string) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the value
  useLayoutEffect(() => {
    const element = text.current;
    if (!element || SIZES_ITSELF) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, MAX_HEIGHT)}px`;
  }, [text, value]);
}

/** Puts the cursor after what was inserted. */
function useCursor(composer: ComposerModel) {
  const { text, cursor, clearCursor } = composer;
  useEffect(() => {
    if (cursor === null || !text.current) return;
    text.current.focus();
    text.current.setSelectionRange(cursor, cursor);
    clearCursor();
  }, [text, cursor, clearCursor]);
}

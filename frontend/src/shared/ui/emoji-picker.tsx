import { type EmojiPickerListProps, EmojiPicker as Picker } from "frimousse";
import { useTranslation } from "@/shared/i18n/use-translation";

type Parts = NonNullable<EmojiPickerListProps["components"]>;

const CategoryHeader: Parts["CategoryHeader"] = ({ category, ...rest }) => (
  <div className="bg-overlay px-3 py-1 font-medium text-meta text-text-2" {...rest}>
    {category.label}
  </div>
);
const Row: Parts["Row"] = ({ children, ...rest }) => (
  <div className="px-2" {...rest}>
    {children}
  </div>
);
const Emoji: Parts["Emoji"] = ({ emoji, ...rest }) => (
  <button
    type="button"
    className="flex size-8 items-center justify-center rounded-control text-heading data-active:bg-hover"
    {...rest}
  >
    {emoji.emoji}
  </button>
);
const PARTS = { CategoryHeader, Row, Emoji };

/** All emojis with a search. Load it lazily: its list is long. */
export default function EmojiPicker({ onSelect }: { onSelect: (emoji: string) => void }) {
  const { t, language } = useTranslation("shared");
  return (
    <Picker.Root
      className="flex h-80 w-72 flex-col"
      locale={language === "en" ? "en" : "pt"}
      emojibaseUrl={`/${__EMOJI_FOLDER__}`}
      columns={8}
      onEmojiSelect={({ emoji }) => onSelect(emoji)}
    >
      <Picker.Search
        aria-label={t("emoji.search")}
        placeholder={t("emoji.search")}
        className="m-2 h-8 rounded-control border border-control bg-page px-2 text-list"
      />
      <Picker.Viewport className="relative flex-1 outline-none">
        <Picker.Loading className="p-4 text-text-3">{t("emoji.loading")}</Picker.Loading>
        <Picker.Empty className="p-4 text-text-3">{t("emoji.empty")}</Picker.Empty>
        <Picker.List className="select-none pb-2" components={PARTS} />
      </Picker.Viewport>
    </Picker.Root>
  );
}

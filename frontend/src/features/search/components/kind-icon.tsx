import {
  ContactRound,
  File,
  FileAudio,
  Image,
  ListChecks,
  type LucideIcon,
  MapPin,
  MessageSquare,
  Mic,
  NotebookPen,
  Sticker,
  Video,
} from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";

const ICONS: Record<string, LucideIcon> = {
  text: MessageSquare,
  note: NotebookPen,
  image: Image,
  sticker: Sticker,
  video: Video,
  voice: Mic,
  audio: FileAudio,
  document: File,
  location: MapPin,
  contact: ContactRound,
  poll: ListChecks,
};

/** What kind of message it is. */
export function KindIcon({ kind }: { kind: string }) {
  const { t } = useTranslation("search");
  const Icon = ICONS[kind] ?? MessageSquare;
  return (
    <span className={kind === "note" ? "text-warn" : "text-text-3"}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="sr-only">{t(`kinds.${kind in ICONS ? kind : "text"}`)}</span>
    </span>
  );
}

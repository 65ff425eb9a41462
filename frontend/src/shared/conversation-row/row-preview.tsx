import {
  Bot,
  ChartColumn,
  Check,
  CheckCheck,
  CircleAlert,
  CircleHelp,
  Clock,
  Contact,
  FileText,
  Image,
  MapPin,
  Mic,
  Music,
  Reply,
  Smartphone,
  Sticker,
  StickyNote,
  Video,
} from "lucide-react";
import type { ReactNode } from "react";
import { plainWhatsAppText } from "@/shared/format/whatsapp-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";

type LastMessage = NonNullable<Conversation["last_message"]>;

const KIND_ICONS: Record<string, typeof Image> = {
  image: Image,
  video: Video,
  voice: Mic,
  audio: Music,
  document: FileText,
  sticker: Sticker,
  location: MapPin,
  contact: Contact,
  poll: ChartColumn,
  note: StickyNote,
  unknown: CircleHelp,
};

/** Who wrote it, unless the customer did: a tick for people, a robot for the assistant. */
function AuthorMark({ message }: { message: LastMessage }) {
  const { t } = useTranslation();
  if (message.author === "customer" || message.kind === "note") return null;
  const name = t(`rows.author.${message.author}`, { defaultValue: t("rows.author.system") });
  return (
    <>
      <span className="sr-only">{name}: </span>
      <AuthorIcon message={message} />
    </>
  );
}

function AuthorIcon({ message: { author, status } }: { message: LastMessage }) {
  if (author === "assistant") return <Bot aria-hidden className="text-ai" />;
  if (author === "phone") return <Smartphone aria-hidden />;
  if (status === "failed") return <CircleAlert aria-hidden className="text-danger" />;
  if (status === "queued" || status === "sending") return <Clock aria-hidden />;
  if (status === "delivered") return <CheckCheck aria-hidden />;
  if (status === "read" || status === "played")
    return <CheckCheck aria-hidden className="text-link" />;
  return status === "sent" ? <Check aria-hidden /> : <Reply aria-hidden />;
}

/** The newest message in one line: who, what kind, what. */
export function RowPreview({ message }: { message: LastMessage | null }): ReactNode {
  const { t } = useTranslation();
  if (!message) return <span className="truncate text-text-3">{t("rows.no_message")}</span>;
  const Icon = KIND_ICONS[message.kind];
  const kind = t(`rows.kind.${message.kind}`, { defaultValue: "" });
  const text = message.deleted ? t("rows.deleted") : plainWhatsAppText(message.text ?? "") || kind;
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1 [&_svg]:size-3.5 [&_svg]:shrink-0">
      <AuthorMark message={message} />
      {Icon && <Icon aria-hidden className={message.kind === "note" ? "text-warn" : undefined} />}
      {Icon && message.text && !message.deleted && <span className="sr-only">{kind}: </span>}
      <span className={message.deleted ? "truncate italic" : "truncate"}>{text}</span>
    </span>
  );
}

import { ListChecks, MapPin, MousePointerClick, TriangleAlert, UserRound } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { FormattedText } from "@/shared/ui/formatted-text";
import { readCards, readLocation, readOptions } from "../../model/message-details";

function Card({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="flex w-72 max-w-full items-start gap-3 rounded-control bg-hover px-3 py-2">
      <span className="mt-0.5 shrink-0 text-accent" aria-hidden>
        {icon}
      </span>
      <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">{children}</div>
    </div>
  );
}

export function LocationBody({ message }: { message: Message }) {
  const { t } = useTranslation("thread");
  const place = readLocation(message.details);
  const title = place.name || (place.isLive ? t("location.live") : t("location.title"));
  return (
    <Card icon={<MapPin className="size-5" />}>
      <p className="font-medium text-body">{title}</p>
      {place.address && <p className="text-list text-text-2">{place.address}</p>}
      {place.href && (
        <a
          className="text-link text-list underline"
          href={place.href}
          target="_blank"
          rel="noopener noreferrer"
        >
          {t("location.open")}
        </a>
      )}
    </Card>
  );
}

export function ContactBody({ message }: { message: Message }) {
  const { t } = useTranslation("thread");
  const cards = readCards(message.details);
  return (
    <div className="space-y-1">
      {cards.map((card, index) => (
        <Card key={index} icon={<UserRound className="size-5" />}>
          <p className="font-medium text-body">{card.name || t("contact.unnamed")}</p>
          {card.phones.map((phone) => (
            <p key={phone} className="select-all text-list text-text-2 tabular-nums">
              {phone}
            </p>
          ))}
        </Card>
      ))}
    </div>
  );
}

export function PollBody({ message }: { message: Message }) {
  const { t } = useTranslation("thread");
  return (
    <Card icon={<ListChecks className="size-5" />}>
      <p className="text-meta text-text-3">{t("poll.title")}</p>
      <p className="font-medium text-body">{message.text}</p>
      <ul className="mt-1 list-disc pl-4 text-list">
        {readOptions(message.details).map((option, index) => (
          <li key={index}>{option}</li>
        ))}
      </ul>
    </Card>
  );
}

export function ChoiceBody({ message }: { message: Message }) {
  return (
    <div className="flex items-start gap-2">
      <MousePointerClick className="mt-0.5 size-4 shrink-0 text-text-3" aria-hidden />
      <FormattedText text={message.text} />
    </div>
  );
}

export function UnknownBody({ message }: { message: Message }) {
  const { t } = useTranslation("thread");
  return (
    <div>
      <p className="flex items-center gap-2 text-list text-text-2">
        <TriangleAlert className="size-4 shrink-0 text-warn" aria-hidden />
        {t("unknown")}
      </p>
      {message.text && <FormattedText text={message.text} />}
    </div>
  );
}

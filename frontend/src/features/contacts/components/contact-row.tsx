import { Ban } from "lucide-react";
import type { Contact } from "@/shared/contacts/contact-queries";
import { formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";
import { Avatar } from "@/shared/ui/display/avatar";
import { LabelChips } from "@/shared/ui/display/chip";

export const ROW_HEIGHT = 36;

interface ContactRowProps {
  contact: Contact;
  isOpen: boolean;
}

export function ContactRow({ contact, isOpen }: ContactRowProps) {
  const { t } = useTranslation("contacts");
  return (
    <div
      className={cn(
        "flex h-full cursor-default items-center gap-2 border-divider border-b px-3",
        isOpen ? "bg-selected" : "hover:bg-hover",
      )}
    >
      <Avatar name={contact.name} seed={contact.id} size="small" />
      <bdi
        className={cn("min-w-0 flex-1 truncate text-list", contact.blocked && "text-text-3")}
        title={contact.name ?? undefined}
      >
        {contact.name ?? t("shared:ui.no_name")}
      </bdi>
      {contact.blocked && (
        <span className="inline-flex text-danger" title={t("blocked")}>
          <Ban aria-hidden className="size-4" />
          <span className="sr-only">{t("blocked")}</span>
        </span>
      )}
      <span className="flex shrink-0 items-center gap-1 max-sm:hidden">
        <LabelChips labels={contact.labels} max={1} />
      </span>
      {contact.phone && (
        <span className="shrink-0 text-meta text-text-2 tabular-nums">
          {formatPhone(contact.phone)}
        </span>
      )}
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Phone, X } from "lucide-react";
import { useState } from "react";
import { may, useCurrentUser } from "@/shared/api/session";
import { dialledPhone, formatPhone } from "@/shared/format/phone";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useSettled } from "@/shared/navigation/use-settled";
import { Avatar } from "@/shared/ui/display/avatar";
import { inputStyles } from "@/shared/ui/form/input";
import { IconButton } from "@/shared/ui/icon-button";
import type { Recipient } from "../model/start";
import { peopleQuery } from "../queries";

const item =
  "flex min-h-9 cursor-default items-center gap-2 rounded-control px-2 py-1 text-list data-[selected=true]:bg-hover";

interface RecipientFieldProps {
  value: Recipient | null;
  onChange: (recipient: Recipient | null) => void;
}

/** With whom: a contact that is found by name or number, or a new number. */
export function RecipientField({ value, onChange }: RecipientFieldProps) {
  const { t } = useTranslation("start");
  if (!value) return <RecipientSearch onChoose={onChange} />;
  const phone = value.phone ? formatPhone(value.phone) : null;
  const name = value.kind === "contact" ? (value.name ?? t("shared:ui.no_name")) : t("new_number");
  return (
    <div className="flex items-center gap-2 rounded-control bg-hover px-3 py-2">
      <Avatar name={name} seed={value.kind === "contact" ? value.id : value.phone} size="medium" />
      <span className="min-w-0 flex-1">
        <bdi className="block truncate font-medium text-list">{name}</bdi>
        <span className="block text-meta text-text-2 tabular-nums">{phone}</span>
      </span>
      <IconButton label={t("change_recipient")} onClick={() => onChange(null)}>
        <X />
      </IconButton>
    </div>
  );
}

function RecipientSearch({ onChoose }: { onChoose: (recipient: Recipient) => void }) {
  const { t } = useTranslation("start");
  const user = useCurrentUser();
  const [text, setText] = useState("");
  const search = useSettled(text.trim());
  const maySearch = may(user, "contacts:read");
  const query = useQuery({
    ...peopleQuery(search),
    enabled: maySearch && search.length >= 2,
  });
  const people = search.length >= 2 ? (query.data?.items ?? []) : [];
  const phone = dialledPhone(text);
  const isKnown = people.some((each) => phone !== null && each.phones.includes(phone));
  const label = t(maySearch ? "recipient" : "recipient_phone");
  return (
    <Command label={label} shouldFilter={false} loop>
      <p className="pb-1 font-medium text-list" aria-hidden>
        {label}
      </p>
      <Command.Input
        value={text}
        onValueChange={setText}
        aria-label={label}
        placeholder={t("recipient_placeholder")}
        className={`${inputStyles} h-8`}
      />
      <Command.List className="max-h-56 overflow-y-auto pt-1">
        {people.map((each) => (
          <Command.Item
            key={each.id}
            value={each.id}
            disabled={each.blocked}
            onSelect={() => onChoose({ kind: "contact", ...each })}
            className={`${item} data-[disabled=true]:opacity-50`}
          >
            <Avatar name={each.name} seed={each.id} size="small" />
            <span className="min-w-0 flex-1 truncate">{each.name ?? t("shared:ui.no_name")}</span>
            <span className="text-meta text-text-3 tabular-nums">
              {each.blocked ? t("blocked") : each.phone && formatPhone(each.phone)}
            </span>
          </Command.Item>
        ))}
        {phone && !isKnown && (
          <Command.Item
            value={`phone ${phone}`}
            onSelect={() => onChoose({ kind: "phone", phone, name: "" })}
            className={item}
          >
            <Phone aria-hidden className="size-4 text-text-3" />
            <span className="tabular-nums">{t("use_number", { phone: formatPhone(phone) })}</span>
          </Command.Item>
        )}
      </Command.List>
      <SearchHint
        text={text.trim()}
        isAnswered={phone !== null || people.length > 0 || query.isFetching}
      />
    </Command>
  );
}

/** What to type, or what is wrong with what was typed. */
function SearchHint({ text, isAnswered }: { text: string; isAnswered: boolean }) {
  const { t } = useTranslation("start");
  const hint = () => {
    if (isAnswered) return null;
    if (/^\+?[\d\s().-]{3,}$/.test(text)) return t("number_hint");
    return t(text.length >= 2 ? "nobody" : "recipient_hint");
  };
  return (
    <p role="status" className="min-h-4 pt-1 text-meta text-text-3">
      {hint()}
    </p>
  );
}

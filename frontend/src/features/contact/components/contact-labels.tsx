import { Plus } from "lucide-react";
import { labelSlug } from "@/shared/acts";
import { useLabels } from "@/shared/api/labels";
import type { Contact } from "@/shared/contacts/contact-queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { LabelChip, LabelDot } from "@/shared/ui/display/chip";
import { OptionList } from "@/shared/ui/form/option-list";
import { Popover } from "@/shared/ui/overlay/popover";
import { useChangeLabels } from "../model/contact-changes";

const MAX_LABELS = 20;

/** The labels of the person, which stay from one conversation to the next. */
export function ContactLabels({ contact, mayWrite }: { contact: Contact; mayWrite: boolean }) {
  const { t } = useTranslation("contact");
  const known = useLabels().map((each) => each.name);
  const { mutate } = useChangeLabels(contact.id);
  const toggle = (label: string) => {
    if (!label) return;
    mutate((labels) =>
      labels.includes(label)
        ? labels.filter((each) => each !== label)
        : [...labels, label].slice(0, MAX_LABELS),
    );
  };
  const all = [...new Set([...contact.labels, ...known])].sort();
  return (
    <div>
      <p className="pb-1 text-meta text-text-3">{t("labels.label")}</p>
      <div className="flex flex-wrap items-center gap-1">
        {contact.labels.map((label) => (
          <LabelChip
            key={label}
            label={label}
            {...(mayWrite ? { onRemove: () => toggle(label) } : {})}
          />
        ))}
        {!mayWrite && contact.labels.length === 0 && (
          <span className="text-list">{t("labels.none")}</span>
        )}
        {mayWrite && (
          <Popover
            label={t("labels.label")}
            className="w-64 p-0"
            trigger={
              <Button size="small" variant="quiet" className={contact.labels.length ? "" : "-ml-2"}>
                <Plus className="size-3.5" aria-hidden />
                {t("labels.add")}
              </Button>
            }
          >
            <OptionList
              label={t("shared:acts.labels.search")}
              options={all.map((label) => ({
                value: label,
                label,
                icon: <LabelDot label={label} />,
              }))}
              selected={contact.labels}
              onSelect={toggle}
              empty={t("shared:acts.labels.empty")}
              onCreate={(text) => toggle(labelSlug(text))}
              createLabel={(text) => t("shared:acts.labels.create", { label: labelSlug(text) })}
              className="w-full"
            />
          </Popover>
        )}
      </div>
    </div>
  );
}

import { Bot, PencilLine } from "lucide-react";
import type { ReactNode } from "react";
import { useColleague, useColleagues } from "@/shared/api/colleagues";
import { firstName } from "@/shared/format/names";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useAssistantDraft, useTyping, useViewers } from "@/shared/live";
import { Avatar } from "@/shared/ui/display/avatar";

interface RowProps {
  id: string;
}

/** Who writes in the conversation now, or else what stands below: the newest message. */
export function RowActivity({ id, children }: RowProps & { children: ReactNode }) {
  const { t } = useTranslation();
  const typing = useTyping(id);
  const draft = useAssistantDraft(id);
  const writer = useColleague(typing[0]);
  if (typing.length > 0) {
    const name = writer ? firstName(writer.name) : t("rows.colleague");
    return (
      <span className="flex min-w-0 flex-1 items-center gap-1 text-accent [&_svg]:size-3.5">
        <PencilLine aria-hidden />
        <span className="truncate">{t("rows.typing", { name })}</span>
      </span>
    );
  }
  if (!draft) return children;
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1 text-ai [&_svg]:size-3.5">
      <Bot aria-hidden />
      <span className="truncate">{t("rows.assistant_writes")}</span>
    </span>
  );
}

const MAX_VIEWERS = 2;

/** Small pictures of the colleagues who look at the conversation. */
export function RowViewers({ id }: RowProps) {
  const { t } = useTranslation();
  const viewers = useViewers(id);
  const colleagues = useColleagues();
  if (viewers.length === 0) return null;
  const people = viewers.map((viewer) => colleagues.find((each) => each.id === viewer));
  const names = people.map((each) => each?.name ?? t("rows.colleague")).join(", ");
  const label = t("rows.viewers", { names });
  return (
    <span className="flex shrink-0 items-center -space-x-1" title={label}>
      <span className="sr-only">{label}</span>
      {people.slice(0, MAX_VIEWERS).map((each, index) => (
        <Avatar
          key={viewers[index]}
          name={each?.name}
          seed={viewers[index] ?? ""}
          photo={each?.photo_url}
          size="mini"
          className="rounded-full ring-1 ring-page"
        />
      ))}
      {people.length > MAX_VIEWERS && (
        <span aria-hidden className="pl-1.5 text-badge text-text-3">
          +{people.length - MAX_VIEWERS}
        </span>
      )}
    </span>
  );
}

import { Link } from "@tanstack/react-router";
import { useColleague } from "@/shared/api/colleagues";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Avatar } from "@/shared/ui/display/avatar";
import { StatusPill } from "@/shared/ui/display/status-pill";
import type { HitGroup } from "../model/hit-groups";
import type { SearchHit } from "../queries";
import { KindIcon } from "./kind-icon";
import { Snippet } from "./snippet";

/** The hits of one conversation. Each opens the conversation at its message. */
export function HitGroupView({ group }: { group: HitGroup }) {
  const { t } = useTranslation("search");
  const [first] = group.hits;
  if (!first) return null;
  const name = first.contact ?? t("shared:ui.no_name");
  return (
    <section aria-label={t("group", { name, protocol: first.protocol })}>
      <header className="flex items-center gap-2 pb-1">
        <Avatar name={first.contact} seed={first.contact_id} size="small" />
        <h2 className="min-w-0 truncate font-semibold text-list">
          <bdi>{name}</bdi>
        </h2>
        <span className="shrink-0 text-meta text-text-3 tabular-nums max-sm:hidden">
          {t("protocol", { protocol: first.protocol })}
        </span>
        <span className="ml-auto shrink-0">
          <StatusPill status={first.status} />
        </span>
      </header>
      <ul className="overflow-hidden rounded-control border border-divider">
        {group.hits.map((hit) => (
          <li key={hit.message.id} className="border-divider border-b last:border-0">
            <HitLink hit={hit} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The name of the agent who wrote it, or what else did. */
function useAuthor({ author, details }: SearchHit["message"]): string {
  const { t } = useTranslation("search");
  const agent = useColleague(typeof details.agent === "string" ? details.agent : null);
  return agent?.name ?? t(`authors.${author}`, { defaultValue: t("authors.agent") });
}

function HitLink({ hit }: { hit: SearchHit }) {
  const { t } = useTranslation("search");
  const format = useFormat();
  const { message } = hit;
  const author = useAuthor(message);
  return (
    <Link
      to="/atendimentos/$id"
      params={{ id: hit.conversation_id }}
      search={{ mensagem: message.id }}
      className="focus-inset flex gap-2 px-3 py-2 hover:bg-hover"
    >
      <KindIcon kind={message.kind} />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline justify-between gap-2 text-meta text-text-3">
          <span className="truncate">
            {message.kind === "note" ? t("note", { author }) : author}
          </span>
          <time dateTime={message.sent_at} className="shrink-0 tabular-nums">
            {format.dateTime(message.sent_at)}
          </time>
        </span>
        <Snippet parts={hit.snippet} />
      </span>
    </Link>
  );
}

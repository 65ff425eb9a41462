import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useNow } from "@/shared/live";
import { formatSpan } from "@/shared/metrics/metric-value";
import { cn } from "@/shared/ui/class-names";
import { Avatar } from "@/shared/ui/display/avatar";
import { EmptyState } from "@/shared/ui/feedback/states";
import type { AgentNow } from "../model/board-query";
import { sortAgents } from "../model/problems";

interface AgentsPanelProps {
  agents: readonly AgentNow[];
  /** Beside one another, because nobody scrolls a television. */
  isWall: boolean;
}

/** Agents with presence and load. */
export function AgentsPanel({ agents, isWall }: AgentsPanelProps) {
  const { t } = useTranslation("dashboard");
  return (
    <section
      aria-labelledby="agents"
      className="flex min-w-0 flex-col rounded-bubble border border-divider bg-page"
    >
      <h2 id="agents" className="px-4 pt-4 pb-2 font-semibold text-body">
        {t("agents.title")}
      </h2>
      {agents.length === 0 ? (
        <EmptyState title={t("agents.none")}>{t("agents.none_hint")}</EmptyState>
      ) : (
        <ul className={isWall ? "grid grid-cols-2 min-[1800px]:grid-cols-3" : undefined}>
          {sortAgents([...agents]).map((agent) => (
            <li key={agent.id} className="border-divider border-t">
              <AgentRow agent={agent} isWall={isWall} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function AgentRow({ agent, isWall }: { agent: AgentNow; isWall: boolean }) {
  const { t, language } = useTranslation("dashboard");
  const now = useNow(60_000);
  const since = agent.since ? (now - Date.parse(agent.since)) / 1000 : null;
  const presence = t(`shared:presence.${agent.state}`);
  const isFull = agent.load >= agent.capacity;
  return (
    <Link
      to="/atendimentos"
      search={{ aba: "all", agente: [agent.id] }}
      className={cn(
        "focus-inset grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 px-4 py-2 hover:bg-hover",
        !isWall && "sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_160px]",
      )}
    >
      <span className="flex min-w-0 items-center gap-2.5">
        <Avatar name={agent.name} seed={agent.id} size="small" presence={agent.state} />
        <bdi className="min-w-0 truncate text-list text-text">{agent.name}</bdi>
      </span>
      <span
        className={cn(
          "min-w-0 truncate text-meta text-text-2",
          isWall ? "text-right" : "max-sm:text-right",
        )}
      >
        {since !== null && since >= 60
          ? t("agents.since", { presence, time: formatSpan(since, language) })
          : presence}
      </span>
      <span
        className={cn(
          "col-span-full flex items-center gap-2 text-meta text-text-2 tabular-nums",
          !isWall && "sm:col-span-1",
        )}
      >
        <span aria-hidden className="h-2 min-w-0 flex-1 rounded-full bg-hover">
          <span
            className={
              isFull ? "block h-2 rounded-full bg-warn" : "block h-2 rounded-full bg-accent"
            }
            style={{ width: `${Math.min(100, (agent.load / Math.max(1, agent.capacity)) * 100)}%` }}
          />
        </span>
        {t("agents.load", { load: agent.load, capacity: agent.capacity })}
      </span>
    </Link>
  );
}

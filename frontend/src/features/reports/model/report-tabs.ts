import type { Grouping } from "@/shared/metrics/report-queries";
import type { TabName } from "./report-view";

/** A tab with one table, and a chart of one of its columns. */
export interface GroupedTab {
  groupBy: Grouping;
  metrics: readonly string[];
}

export const GROUPED_TABS: Partial<Record<TabName, GroupedTab>> = {
  atendimentos: {
    groupBy: "day",
    metrics: [
      "conversations",
      "resolved",
      "solved_by_assistant",
      "with_people",
      "reopened",
      "first_answer_time",
      "first_human_answer_time",
      "next_answer_time",
      "resolution_time",
      "messages_customer",
      "messages_agent",
      "messages_assistant",
      "messages_failed",
      "opened_outside_hours",
    ],
  },
  equipes: {
    groupBy: "team",
    metrics: [
      "conversations",
      "resolved",
      "handoffs",
      "waiting_time",
      "first_human_answer_time",
      "agent_time",
      "resolution_time",
      "rating",
    ],
  },
  canais: {
    groupBy: "channel",
    metrics: [
      "conversations",
      "resolved",
      "assistant_share",
      "first_answer_time",
      "resolution_time",
      "messages_failed",
      "rating",
      "channel_uptime",
    ],
  },
  etiquetas: {
    groupBy: "label",
    metrics: [
      "conversations",
      "resolved",
      "people_share",
      "first_human_answer_time",
      "resolution_time",
      "rating",
    ],
  },
  motivos: {
    groupBy: "handoff_reason",
    metrics: [
      "conversations",
      "waiting_time",
      "first_human_answer_time",
      "agent_time",
      "resolution_time",
      "rating",
    ],
  },
  contatos: {
    groupBy: "contact_reason",
    metrics: [
      "conversations",
      "resolved",
      "assistant_share",
      "people_share",
      "first_answer_time",
      "resolution_time",
      "reopened",
      "rating",
    ],
  },
};

const SLA_METRICS = ["sla_met_share", "sla_met", "sla_breached"] as const;

const DELIVERY_METRICS = [
  "messages_sent",
  "messages_delivered",
  "delivery_rate",
  "read_rate",
  "delivery_failures",
  "delivery_failure_rate",
  "send_time",
  "delivery_time",
] as const;

/** Tabs with several tables, of which one is shown. */
export const TABLES_OF_TABS: Partial<Record<TabName, readonly GroupedTab[]>> = {
  atendentes: [
    {
      groupBy: "agent",
      metrics: [
        "conversations",
        "resolved_by_agents",
        "answers",
        "first_human_answer_time",
        "answer_time",
        "agent_time",
        "transfers",
        "offline_returns",
        "rating",
        "ratings",
        "online_time",
        "away_time",
      ],
    },
    { groupBy: "pause_reason", metrics: ["away_time"] },
  ],
  sla: (["sla_policy", "sla_target", "team", "agent", "label"] as const).map((groupBy) => ({
    groupBy,
    metrics: SLA_METRICS,
  })),
  entregas: [
    { groupBy: "day", metrics: DELIVERY_METRICS },
    { groupBy: "channel", metrics: DELIVERY_METRICS },
    { groupBy: "message_author", metrics: DELIVERY_METRICS },
    { groupBy: "delivery_failure", metrics: ["delivery_failures"] },
  ],
};

/** The AI beside people: who had the conversation. */
export const SERVED_BY_METRICS = [
  "conversations",
  "resolved",
  "resolution_rate",
  "first_answer_time",
  "resolution_time",
  "reopened",
  "rating",
  "ratings",
  "cost_per_conversation",
] as const;

export const OVERVIEW_METRICS = [
  "conversations",
  "resolved",
  "assistant_share",
  "first_answer_time",
  "first_human_answer_time",
  "resolution_time",
  "reopened",
  "rating",
] as const;

/** What the overview needs besides, to say who had the conversations. */
export const OVERVIEW_SHARES = ["solved_by_assistant", "with_people"] as const;

export const ASSISTANT_METRICS = [
  "solved_by_assistant",
  "assistant_share",
  "turns",
  "turn_failure_rate",
  "tool_calls",
  "tokens",
  "cost",
  "cost_per_conversation",
  "cost_per_solved",
] as const;

/** How the conversations that it solved have lasted; they overlap, so they are bars and no shares. */
export const ASSISTANT_OUTCOMES = [
  "assistant_confirmed",
  "assistant_assumed",
  "assistant_durable",
  "assistant_returned",
] as const;

export const HEAT_METRICS = [
  "conversations",
  "messages_customer",
  "with_people",
  "first_answer_time",
  "first_human_answer_time",
  "waiting_time",
] as const;

/** The metric of the address if the tab has it, else the tab's first one. */
export function chartMetric(metrics: readonly string[], asked: string | null): string {
  return metrics.find((each) => each === asked) ?? metrics[0] ?? "conversations";
}

import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";
import type { CurrentUser } from "@/shared/api/session";
import type { Conversation, Priority } from "@/shared/live";
import type { ConversationPatch } from "./optimistic";

export type ActName =
  | "assign"
  | "transfer"
  | "snooze"
  | "resolve"
  | "reopen"
  | "return_to_assistant"
  | "priority"
  | "labels";

export type BulkAct = Omit<components["schemas"]["BulkRequest"], "ids" | "note"> & {
  note?: string;
};

/** An act and its input, so that an undo is an act too. */
export interface ActCall<Input = unknown> {
  definition: ActDefinition<Input>;
  input: Input;
}

export interface ActDefinition<Input> {
  name: ActName;
  permission: "conversations:assign" | "conversations:reply";
  /** Whether the act changes anything in this conversation. */
  fits(conversation: Conversation): boolean;
  /** Sends the command. The same key twice executes it once. */
  send(conversation: Conversation, input: Input, key: string): Promise<unknown>;
  /** The same for many conversations in one request; without it each is sent alone. */
  bulk?(input: Input): BulkAct;
  /** What the row will look like, where that is certain. */
  expect?(conversation: Conversation, input: Input, user: CurrentUser): ConversationPatch;
  /** The act that restores `before`; null if there is none. */
  undo?(before: Conversation, input: Input): ActCall<never> | null;
  /** Says in a toast that it is done. Acts that are seen where they happen say nothing. */
  announced: boolean;
}

const unresolved = (conversation: Conversation) => conversation.status !== "resolved";
const to = (conversation: Conversation, key: string) => ({
  path: { conversation_id: conversation.id },
  header: { "Idempotency-Key": key },
});
const call = <Input>(definition: ActDefinition<Input>, input: Input) =>
  ({ definition, input }) as unknown as ActCall<never>;

/** Gives the conversation back to whom it belonged. */
function giveBack(before: Conversation): ActCall<never> | null {
  if (before.agent) return call(assign, { agent: before.agent });
  return before.team ? call(transfer, { team: before.team }) : null;
}

export interface AssignInput {
  /** The id of a user; without it the signed-in user takes over. */
  agent?: string;
}
export const assign: ActDefinition<AssignInput> = {
  name: "assign",
  permission: "conversations:assign",
  fits: unresolved,
  send: (conversation, { agent }, key) =>
    api.POST("/conversations/{conversation_id}/assign", {
      params: to(conversation, key),
      body: { agent: agent ?? null },
    }),
  bulk: ({ agent }) => ({ act: "assign", agent: agent ?? null }),
  expect: (_conversation, { agent }, user) => ({ status: "open", agent: agent ?? user.id }),
  announced: false,
};

export interface TransferInput {
  team?: string;
  agent?: string;
  note?: string;
}
export const transfer: ActDefinition<TransferInput> = {
  name: "transfer",
  permission: "conversations:assign",
  fits: unresolved,
  send: (conversation, { team, agent, note }, key) =>
    api.POST("/conversations/{conversation_id}/transfer", {
      params: to(conversation, key),
      body: { team: team ?? null, agent: agent ?? null, note: note ?? "" },
    }),
  bulk: ({ team, agent, note }) => ({
    act: "transfer",
    team: team ?? null,
    agent: agent ?? null,
    note: note ?? "",
  }),
  undo: (before) => (before.status === "pending" ? null : giveBack(before)),
  announced: true,
};

export interface SnoozeInput {
  until: string;
}
export const snooze: ActDefinition<SnoozeInput> = {
  name: "snooze",
  permission: "conversations:reply",
  fits: (conversation) => unresolved(conversation) && conversation.status !== "pending",
  send: (conversation, { until }, key) =>
    api.POST("/conversations/{conversation_id}/snooze", {
      params: to(conversation, key),
      body: { until },
    }),
  bulk: ({ until }) => ({ act: "snooze", until }),
  expect: (_conversation, { until }) => ({ status: "snoozed", snoozed_until: until }),
  undo: (before) =>
    before.status === "snoozed" && before.snoozed_until
      ? call(snooze, { until: before.snoozed_until })
      : giveBack(before),
  announced: true,
};

export const resolve: ActDefinition<void> = {
  name: "resolve",
  permission: "conversations:reply",
  fits: unresolved,
  send: (conversation, _input, key) =>
    api.POST("/conversations/{conversation_id}/resolve", { params: to(conversation, key) }),
  bulk: () => ({ act: "resolve" }),
  expect: () => ({ status: "resolved" }),
  undo: () => call(reopen, undefined),
  announced: true,
};

export const reopen: ActDefinition<void> = {
  name: "reopen",
  permission: "conversations:reply",
  fits: (conversation) => !unresolved(conversation),
  send: (conversation, _input, key) =>
    api.POST("/conversations/{conversation_id}/reopen", { params: to(conversation, key) }),
  undo: () => call(resolve, undefined),
  announced: true,
};

export const returnToAssistant: ActDefinition<void> = {
  name: "return_to_assistant",
  permission: "conversations:assign",
  fits: (conversation) => unresolved(conversation) && conversation.status !== "pending",
  send: (conversation, _input, key) =>
    api.POST("/conversations/{conversation_id}/return-to-assistant", {
      params: to(conversation, key),
    }),
  undo: giveBack,
  announced: true,
};

export interface PriorityInput {
  priority: Priority;
}
export const setPriority: ActDefinition<PriorityInput> = {
  name: "priority",
  permission: "conversations:reply",
  fits: unresolved,
  send: (conversation, { priority }, key) =>
    api.PUT("/conversations/{conversation_id}/priority", {
      params: to(conversation, key),
      body: { priority },
    }),
  bulk: ({ priority }) => ({ act: "priority", priority }),
  expect: (_conversation, { priority }) => ({ priority }),
  announced: false,
};

export interface LabelsInput {
  add?: readonly string[];
  remove?: readonly string[];
}

/** The labels after a change, sorted as the server sorts them. */
export function changedLabels(labels: readonly string[], change: LabelsInput): string[] {
  const all = new Set([...labels, ...(change.add ?? [])]);
  for (const label of change.remove ?? []) all.delete(label);
  return [...all].sort();
}

export const setLabels: ActDefinition<LabelsInput> = {
  name: "labels",
  permission: "conversations:reply",
  fits: unresolved,
  send: (conversation, change, key) =>
    api.PUT("/conversations/{conversation_id}/labels", {
      params: to(conversation, key),
      body: { labels: changedLabels(conversation.labels, change) },
    }),
  bulk: ({ add = [], remove = [] }) => ({ act: "labels", add: [...add], remove: [...remove] }),
  expect: (conversation, change) => ({ labels: changedLabels(conversation.labels, change) }),
  announced: false,
};

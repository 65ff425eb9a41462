import type { CurrentUser } from "@/shared/api/session";
import type { Conversation } from "@/shared/live";

type Owner = Pick<Conversation, "agent" | "team">;

/**
 * True if the user may do something with this conversation, by the rule of the server: `own` covers the
 * user's conversations, `team` also those of the user's teams and those without team and agent.
 */
export function mayWith(user: CurrentUser, permission: string, conversation: Owner): boolean {
  const scopes = user.permissions
    .filter((each) => each === permission || each.startsWith(`${permission}:`))
    .map((each) => each.slice(permission.length + 1) || "all");
  if (scopes.includes("all")) return true;
  if (scopes.length === 0) return false;
  if (conversation.agent === user.id) return true;
  if (!scopes.includes("team")) return false;
  return conversation.team === null
    ? conversation.agent === null
    : user.teams.includes(conversation.team);
}

import type { CurrentUser } from "@/shared/api/session";
import type { Conversation } from "@/shared/live/types";

export const ANA: CurrentUser = {
  id: "11111111-1111-4111-8111-111111111111",
  name: "Ana Lima",
  login: "ana@provedor.test",
  role: "agent",
  teams: ["support"],
  tenant: "aurora",
  tenant_id: "22222222-2222-4222-8222-222222222222",
  acting_until: null,
  permissions: [
    "conversations:read:team",
    "conversations:reply:team",
    "conversations:assign:team",
    "teams:read",
    "channels:read",
  ],
} as CurrentUser;

/** A waiting conversation of the support team, changed by `change`. */
export function conversation(change: Partial<Conversation> = {}): Conversation {
  return {
    id: "aaaaaaaa-0000-4000-8000-000000000001",
    version: 4,
    status: "waiting",
    agent: null,
    team: "support",
    contact: "Maria das Dores",
    contact_id: "bbbbbbbb-0000-4000-8000-000000000001",
    phone: "5581988887777",
    protocol: "2026031200001",
    priority: "normal",
    labels: [],
    opened_at: "2026-03-12T13:50:00Z",
    changed_at: "2026-03-12T14:00:00Z",
    waiting_since: "2026-03-12T14:00:00Z",
    resolved_at: null,
    snoozed_until: null,
    ...change,
  } as Conversation;
}

import type { EventFrame, ServerFrame } from "@/shared/live/frames.gen";
import type { Conversation, Message } from "@/shared/live/types";

export const ME = "00000000-0000-7000-8000-0000000000aa";
const START = Date.UTC(2026, 10, 30, 12);

/** A time of the server, so many milliseconds after noon. */
export function serverTime(ms: number): string {
  return new Date(START + ms).toISOString().replace("Z", "000Z");
}

export function buildConversation(id: string, part: Partial<Conversation> = {}): Conversation {
  return {
    id,
    agent: null,
    assistant_writes: true,
    changed_at: serverTime(0),
    channel: "WhatsApp",
    channel_id: "channel-1",
    contact: "Ana Lima",
    contact_blocked: false,
    contact_id: `contact-${id}`,
    labels: [],
    last_message: null,
    opened_at: serverTime(0),
    paused_until: null,
    phone: "5581999990000",
    priority: "normal",
    protocol: "2026000001",
    rating_score: null,
    sla: null,
    rating_status: null,
    resolved_at: null,
    snoozed_until: null,
    status: "pending",
    team: null,
    version: 1,
    waiting_since: null,
    ...part,
  };
}

export function buildMessage(id: string, version: number, part: Partial<Message> = {}): Message {
  return {
    id,
    version,
    author: "customer",
    code: null,
    deleted_at: null,
    details: {},
    edited_at: null,
    file: null,
    kind: "text",
    reactions: {},
    reading: null,
    reply_to: null,
    sent_at: serverTime(version),
    status: null,
    text: `mensagem ${version}`,
    transcript: null,
    ...part,
  };
}

/** An event in transaction `transaction`, which gives its place in the log. */
export function buildEvent(
  transaction: number,
  conversation: Conversation,
  part: Partial<EventFrame> = {},
): EventFrame {
  return {
    type: "event",
    position: `${transaction}.${conversation.id.replaceAll("-", "")}.${conversation.version}`,
    event: "message_received",
    version: conversation.version,
    at: conversation.changed_at,
    conversation,
    message: null,
    activity: null,
    ...part,
  };
}

export function buildWelcome(position: string, caughtUp: boolean): ServerFrame {
  return { type: "welcome", position, caught_up: caughtUp };
}

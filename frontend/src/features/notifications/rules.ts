import type { NotificationKinds, SoundName } from "@/shared/api/preferences";
import type { LiveEvent } from "@/shared/live";

export type NoticeKind = keyof NotificationKinds;

/** Whom the rules notify. */
export interface Reader {
  id: string;
  teams: readonly string[];
}

function mentions(event: LiveEvent, reader: Reader): boolean {
  const { mentions: ids, agent } = event.message?.details ?? {};
  return Array.isArray(ids) && ids.includes(reader.id) && agent !== reader.id;
}

/** A queue, or somebody else, gave the conversation to the reader. */
function isAssignment({ event, activity, conversation }: LiveEvent, reader: Reader): boolean {
  if (conversation.agent !== reader.id || !activity) return false;
  if (event === "conversation_assigned") {
    return activity.queue !== null || (activity.by !== null && activity.by !== reader.id);
  }
  return activity.agent === reader.id && activity.by !== reader.id;
}

function beginsToWait({ activity, conversation }: LiveEvent, reader: Reader): boolean {
  if (conversation.status !== "waiting" || conversation.team === null) return false;
  return reader.teams.includes(conversation.team) && activity?.by !== reader.id;
}

/**
 * What an event is for the reader, or null if it concerns others. The same rules decide on push
 * notifications (`push_sends.sql:enqueue`). What arrives while catching up notifies nobody.
 */
export function noticeOf(event: LiveEvent, reader: Reader): NoticeKind | null {
  if (event.replayed) return null;
  switch (event.event) {
    case "message_received":
      return event.conversation.agent === reader.id ? "new_message" : null;
    case "note_added":
      return mentions(event, reader) ? "mention" : null;
    case "conversation_assigned":
      return isAssignment(event, reader) ? "assignment" : null;
    case "conversation_transferred":
      if (isAssignment(event, reader)) return "assignment";
      return beginsToWait(event, reader) ? "new_conversation" : null;
    case "conversation_handed_off":
      return beginsToWait(event, reader) ? "new_conversation" : null;
    default:
      return null;
  }
}

/** The setting of the sound of each kind. */
export function soundOf(
  kind: NoticeKind,
  sounds: Record<"new_message" | "new_conversation" | "mention", SoundName>,
): SoundName {
  return sounds[kind === "assignment" ? "new_conversation" : kind];
}

/** Equal for one event in all tabs. */
export function noticeKey({ event, conversation, at }: LiveEvent): string {
  return `${event}.${conversation.id}.${at}`;
}

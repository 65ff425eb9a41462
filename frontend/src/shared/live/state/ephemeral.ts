import type { ServerFrame } from "../frames.gen";
import type { AssistantDraft } from "../types";
import type { StateEditor } from "./editor";
import { orderOf, tailOf } from "./message-blocks";
import { applyChangedMessage, applyContact, applySla } from "./rows";

/** A typing user who does not repeat it is no longer typing. */
const TYPING_MS = 10_000;
/** As the server's document of the frame says. */
const VIEWING_MS = 150_000;

type People = "typing" | "viewing";

function setPerson(
  edit: StateEditor,
  name: People,
  frame: { conversation_id: string; user_id: string },
  until: number | null,
): void {
  const people = new Map(edit.get(name).get(frame.conversation_id));
  if (until === null) people.delete(frame.user_id);
  else people.set(frame.user_id, until);
  edit.setEntry(name, frame.conversation_id, people.size > 0 ? people : undefined);
}

/** Removes users whose typing or viewing has not been repeated. */
export function expirePeople(edit: StateEditor, now: number): void {
  for (const name of ["typing", "viewing"] as const) {
    for (const [conversationId, people] of edit.get(name)) {
      const left = new Map([...people].filter(([, until]) => until > now));
      if (left.size < people.size) {
        edit.setEntry(name, conversationId, left.size > 0 ? left : undefined);
      }
    }
  }
}

/** Everything of the moment is unknown after a cut. */
export function forgetPeople(edit: StateEditor): void {
  edit.set("typing", new Map());
  edit.set("viewing", new Map());
  edit.set("drafts", new Map());
}

interface TurnFrame {
  conversation_id: string;
  turn_id: string;
}

function draftOf(edit: StateEditor, frame: TurnFrame): AssistantDraft {
  const draft = edit.get("drafts").get(frame.conversation_id);
  return draft?.turnId === frame.turn_id ? draft : { turnId: frame.turn_id, text: "", tools: [] };
}

function setDraft(edit: StateEditor, frame: TurnFrame, part: Partial<AssistantDraft>): void {
  edit.setEntry("drafts", frame.conversation_id, { ...draftOf(edit, frame), ...part });
}

/** Customer messages after a version, if the newest messages are known. */
function countAfter(edit: StateEditor, id: string, version: number): number | undefined {
  const tail = tailOf(edit.get("threads").get(id)?.blocks ?? []);
  if (!tail) return undefined;
  let count = 0;
  for (let at = tail.ids.length - 1; at >= 0; at--) {
    const row = edit.messages.get(tail.ids[at] as string)?.row;
    if (!row || orderOf(row) <= version) break;
    if (row.author === "customer") count += 1;
  }
  return count;
}

/** The user has read a conversation up to a version, here or on another screen. */
export function applyRead(edit: StateEditor, id: string, version: number): void {
  const old = edit.get("unread").get(id);
  if (old === undefined) return;
  const row = edit.conversation(id)?.row;
  const count = row && row.version <= version ? 0 : countAfter(edit, id, version);
  if (count === undefined) edit.set("unreadChanged", edit.get("unreadChanged") + 1);
  else edit.setEntry("unread", id, Math.min(old, count) || undefined);
}

/** Applies a frame without a position. */
export function applyEphemeralFrame(edit: StateEditor, frame: ServerFrame, now: number) {
  switch (frame.type) {
    case "typing":
      return setPerson(edit, "typing", frame, frame.typing ? now + TYPING_MS : null);
    case "viewing":
      return setPerson(edit, "viewing", frame, frame.viewing ? now + VIEWING_MS : null);
    case "draft":
      return setDraft(edit, frame, { text: frame.text });
    case "tool": {
      const tools = draftOf(edit, frame).tools.filter((each) => each !== frame.tool);
      return setDraft(edit, frame, { tools: frame.running ? [...tools, frame.tool] : tools });
    }
    case "presence":
      return edit.setEntry("presence", frame.user_id, {
        state: frame.state,
        reason: frame.reason ?? null,
      });
    case "contact":
      return applyContact(edit, frame);
    case "sla":
      return applySla(edit, frame.conversation_id, frame.sla);
    case "message":
      return applyChangedMessage(edit, frame.conversation_id, frame.message);
    case "unread":
      return edit.setEntry("unread", frame.conversation_id, frame.unread || undefined);
    case "read":
      return applyRead(edit, frame.conversation_id, frame.version);
    case "alerts":
      return edit.set("alertsChanged", edit.get("alertsChanged") + 1);
    case "channels":
      return edit.set("channelsChanged", edit.get("channelsChanged") + 1);
    case "export":
      return edit.setEntry("exportProgress", frame.export_id, {
        state: frame.state,
        written: frame.rows_written,
        expected: frame.rows_expected,
      });
    case "queues":
      return edit.set("queues", { waiting: frame.waiting, withAssistant: frame.with_assistant });
    default:
      return; // a frame of a newer server
  }
}

import type { ServerFrame } from "../frames.gen";
import type { Conversation, Counts, Link, Message, Presence } from "../types";
import { StateEditor } from "./editor";
import { applyEphemeralFrame, applyRead, expirePeople, forgetPeople } from "./ephemeral";
import { applyEvent } from "./events";
import { createSources, furtherDown, type ListSource, type ListSpec } from "./list-spec";
import { comparePositions } from "./position";
import {
  applyPageConversation,
  applyPageMessage,
  applyReturnedConversation,
  hideConversation,
} from "./rows";
import { replaceSends } from "./sends";
import type { LiveState, PendingSend } from "./state";
import {
  addPage,
  addVisits,
  detachThreads,
  type MessagePage,
  openThread,
  resetThread,
  trimThread,
} from "./threads";

/** A fetched page of a list. `source` is the number of its walk. */
export interface ListPage {
  source: number;
  rows: readonly Conversation[];
  cursor: string | null;
  since: number;
}

/** What changes the state. `since` is the step in which something was requested. */
export type LiveInput =
  | { type: "frame"; frame: ServerFrame; now: number }
  | { type: "link"; link: Link }
  | { type: "gap" }
  | { type: "tick"; now: number }
  | { type: "conversations"; rows: readonly Conversation[]; since: number }
  | { type: "returned"; conversation?: Conversation; message?: [string, Message] }
  | { type: "gone"; conversationId: string }
  | { type: "conversation_failed"; id: string; error: unknown }
  | { type: "list_opened"; spec: ListSpec }
  | { type: "list_page"; key: string; page: ListPage }
  | { type: "list_reset"; key: string; pages: readonly ListPage[] }
  | { type: "list_failed"; key: string; error: unknown }
  | { type: "list_closed"; key: string }
  | { type: "thread_opened"; id: string }
  | { type: "thread_reset"; id: string; pages: readonly MessagePage[]; since: number }
  | { type: "thread_page"; id: string; page: MessagePage; since: number; adjacent?: string }
  | { type: "thread_failed"; id: string; error: unknown }
  | { type: "thread_trimmed"; id: string; keep: number }
  | {
      type: "visits";
      contactId: string;
      rows: readonly Conversation[];
      cursor: string | null;
      since: number;
    }
  | { type: "sends"; sends: readonly PendingSend[] }
  | { type: "unread"; unread: ReadonlyMap<string, number> }
  | { type: "read"; conversationId: string; version: number }
  | { type: "counts"; counts: Counts }
  | { type: "presence"; presence: ReadonlyMap<string, Presence> };

function openGap(edit: StateEditor): void {
  edit.set("epoch", edit.get("epoch") + 1);
  detachThreads(edit);
  forgetPeople(edit);
}

function applyWelcome(edit: StateEditor, position: string, caughtUp: boolean): void {
  edit.set("position", position);
  if (caughtUp) forgetPeople(edit);
  else openGap(edit);
}

/** True if the frame was applied before, as after a resume from an older position. */
function isOld(edit: StateEditor, position: string): boolean {
  const last = edit.get("position");
  return last !== null && comparePositions(position, last) <= 0;
}

function applyFrame(edit: StateEditor, frame: ServerFrame, now: number) {
  switch (frame.type) {
    case "welcome":
      return applyWelcome(edit, frame.position, frame.caught_up);
    case "event":
      if (isOld(edit, frame.position)) return;
      applyEvent(edit, frame);
      return edit.set("position", frame.position);
    case "hidden":
      if (isOld(edit, frame.position)) return;
      hideConversation(edit, frame.conversation_id);
      return edit.set("position", frame.position);
    case "heartbeat":
      if (!isOld(edit, frame.position)) edit.set("position", frame.position);
      return;
    case "goodbye":
    case "rejected":
      return; // for the socket
    default:
      return applyEphemeralFrame(edit, frame, now);
  }
}

function walked(source: ListSource, page: ListPage): ListSource {
  let { end } = source;
  for (const row of page.rows) end = furtherDown(source, end, row);
  return { ...source, end, cursor: page.cursor, done: page.cursor === null };
}

function applyListPages(edit: StateEditor, key: string, pages: readonly ListPage[]): void {
  const list = edit.list(key);
  if (!list) return;
  for (const page of pages) {
    for (const row of page.rows) applyPageConversation(edit, row, page.since);
  }
  const current = edit.list(key) ?? list;
  const sources = [...current.sources];
  for (const page of pages) {
    const source = sources[page.source];
    if (source) sources[page.source] = walked(source, page);
  }
  edit.setList(key, { ...current, sources, loaded: true, error: null });
  edit.rebuildList(key);
}

function resetList(edit: StateEditor, key: string, pages: readonly ListPage[]): void {
  const list = edit.list(key);
  if (!list) return;
  edit.setList(key, { ...list, sources: createSources(list.spec), epoch: edit.get("epoch") });
  applyListPages(edit, key, pages);
}

function openList(edit: StateEditor, spec: ListSpec): void {
  if (edit.list(spec.key)) return;
  const sources = createSources(spec);
  const epoch = edit.get("epoch");
  const list = { spec, sources, ids: [], epoch, loaded: false, error: null };
  edit.setList(spec.key, list);
}

function applyListInput(edit: StateEditor, input: LiveInput) {
  switch (input.type) {
    case "list_opened":
      return openList(edit, input.spec);
    case "list_page":
      return applyListPages(edit, input.key, [input.page]);
    case "list_reset":
      return resetList(edit, input.key, input.pages);
    case "list_failed": {
      const list = edit.list(input.key);
      if (list) edit.setList(input.key, { ...list, error: input.error });
      return;
    }
    case "list_closed":
      return edit.setList(input.key, undefined);
    default:
  }
}

function applyThreadInput(edit: StateEditor, input: LiveInput) {
  switch (input.type) {
    case "thread_opened":
      return openThread(edit, input.id);
    case "thread_reset":
      return resetThread(edit, input.id, input.pages, input.since);
    case "thread_page":
      return addPage(edit, input.id, input.page, input.since, input.adjacent);
    case "thread_failed": {
      const thread = edit.get("threads").get(input.id);
      if (thread) edit.setEntry("threads", input.id, { ...thread, error: input.error });
      return;
    }
    case "thread_trimmed":
      return trimThread(edit, input.id, input.keep);
    case "visits":
      for (const row of input.rows) applyPageConversation(edit, row, input.since);
      return addVisits(edit, input.contactId, input.rows, input.cursor);
    default:
  }
}

function applyReturned(
  edit: StateEditor,
  { conversation, message }: { conversation?: Conversation; message?: [string, Message] },
): void {
  if (conversation) applyReturnedConversation(edit, conversation);
  if (!message || edit.messages.get(message[1].id) !== undefined) return;
  // Unknown messages come with their event, in their place.
  if (edit.get("threads").has(message[0])) applyPageMessage(edit, message[1], message[0], 0);
}

function applyInput(edit: StateEditor, input: LiveInput) {
  switch (input.type) {
    case "frame":
      return applyFrame(edit, input.frame, input.now);
    case "link":
      return edit.set("link", input.link);
    case "gap":
      return openGap(edit);
    case "tick":
      return expirePeople(edit, input.now);
    case "conversations":
      for (const row of input.rows) applyPageConversation(edit, row, input.since);
      return;
    case "returned":
      return applyReturned(edit, input);
    case "gone":
      return hideConversation(edit, input.conversationId);
    case "conversation_failed":
      return edit.setEntry("failures", input.id, input.error);
    case "sends":
      return replaceSends(edit, input.sends);
    case "unread":
      return edit.set("unread", input.unread);
    case "read":
      return applyRead(edit, input.conversationId, input.version);
    case "counts":
      return edit.set("counts", input.counts);
    case "presence":
      return edit.set("presence", input.presence);
    default:
      applyListInput(edit, input);
      applyThreadInput(edit, input);
  }
}

/** The state after these inputs. Rows that they do not touch stay the same objects. */
export function reduceAll(state: LiveState, inputs: readonly LiveInput[]): LiveState {
  const edit = new StateEditor(state);
  for (const input of inputs) {
    edit.set("step", edit.get("step") + 1);
    applyInput(edit, input);
  }
  return edit.finish();
}

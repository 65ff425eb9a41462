import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import { ApiError } from "@/shared/api/problem";
import type { Conversation } from "@/shared/live";
import type { ActDefinition, BulkAct } from "./definitions";

export interface Outcome {
  conversation: Conversation;
  /** Null: it is done, or stored and will be done. */
  error: unknown;
}

/** The idempotency key of a request, by the conversations that it names. */
export type Keyring = (conversations: readonly Conversation[]) => string;

const AT_ONCE = 4;
const BULK_LIMIT = 100;
const REFUSED = 422;

/** Gives the same conversations the same key, so that a repeat is executed once. */
export function createKeyring(): Keyring {
  const keys = new Map<string, string>();
  return (conversations) => {
    const name = conversations.map((each) => each.id).join();
    const key = keys.get(name) ?? newIdempotencyKey();
    keys.set(name, key);
    return key;
  };
}

/** Sends an act for each conversation: one alone, many by the route for many if it knows the act. */
export function sendAct<Input>(
  definition: ActDefinition<Input>,
  targets: readonly Conversation[],
  input: Input,
  keyring: Keyring,
): Promise<Outcome[]> {
  const bulk = targets.length > 1 ? definition.bulk?.(input) : undefined;
  if (bulk) return sendBulk(targets, bulk, keyring);
  return sendEach(targets, (each) => definition.send(each, input, keyring([each])));
}

/** Calls `send` for each conversation, a few at once, and collects what failed. */
export async function sendEach(
  targets: readonly Conversation[],
  send: (conversation: Conversation) => Promise<unknown>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...targets];
  const work = async () => {
    for (let conversation = waiting.shift(); conversation; conversation = waiting.shift()) {
      const one = conversation;
      const error = await send(one).then(
        () => null,
        (reason: unknown) => reason,
      );
      outcomes.push({ conversation: one, error });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, work));
  return outcomes;
}

async function sendBulk(
  targets: readonly Conversation[],
  act: BulkAct,
  keyring: Keyring,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < targets.length; start += BULK_LIMIT) {
    const batch = targets.slice(start, start + BULK_LIMIT);
    outcomes.push(...(await sendBatch(batch, act, keyring(batch))));
  }
  return outcomes;
}

async function sendBatch(
  batch: readonly Conversation[],
  act: BulkAct,
  key: string,
): Promise<Outcome[]> {
  try {
    const { results } = await unwrap(
      api.POST("/conversations/bulk", {
        params: { header: { "Idempotency-Key": key } },
        body: { note: "", ...act, ids: batch.map((each) => each.id) },
      }),
    );
    const refused = new Map(
      results.filter((each) => each.result === "refused").map((each) => [each.id, each]),
    );
    return batch.map((conversation) => {
      const problem = refused.get(conversation.id);
      return { conversation, error: problem ? asError(problem) : null };
    });
  } catch (error) {
    return batch.map((conversation) => ({ conversation, error }));
  }
}

function asError({ code, title }: { code?: string | null; title?: string | null }): ApiError {
  return new ApiError(REFUSED, { code: code ?? "refused", title: title ?? "" });
}

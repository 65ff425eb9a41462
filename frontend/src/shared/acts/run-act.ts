import type { TFunction } from "i18next";
import { newIdempotencyKey } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import type { CurrentUser } from "@/shared/api/session";
import type { Conversation } from "@/shared/live";
import { toast } from "@/shared/ui/feedback/toaster";
import type { ActDefinition } from "./definitions";
import { expectChange } from "./optimistic";
import { mayWith } from "./permission";
import { createKeyring, type Keyring, type Outcome, sendAct, sendEach } from "./send-act";

export interface ActContext {
  user: CurrentUser;
  /** With the namespace `shared`. */
  t: TFunction;
}

/** The conversations that an act would change and that the user may change. */
function actable<Input>(
  definition: ActDefinition<Input>,
  conversations: readonly Conversation[],
  user: CurrentUser,
): Conversation[] {
  return conversations.filter(
    (each) => definition.fits(each) && mayWith(user, definition.permission, each),
  );
}

/**
 * Does an act with one or many conversations: shows the result at once, takes it back if the server
 * refuses, says what to do then, and offers to undo. Resolves to whether all of it was done.
 */
export async function runAct<Input>(
  definition: ActDefinition<Input>,
  conversations: readonly Conversation[],
  input: Input,
  context: ActContext,
): Promise<boolean> {
  const targets = actable(definition, conversations, context.user);
  if (targets.length === 0) {
    toast.error(context.t(`shared:acts.${definition.name}.failed`), {
      description: context.t("shared:acts.nothing_to_do"),
    });
    return false;
  }
  return attempt(definition, targets, input, context, createKeyring());
}

/** The keyring gives the same key when a lost answer makes the user try again. */
async function attempt<Input>(
  definition: ActDefinition<Input>,
  targets: readonly Conversation[],
  input: Input,
  context: ActContext,
  keyring: Keyring,
): Promise<boolean> {
  const takeBack = new Map(
    targets.map((each) => {
      const patch = definition.expect?.(each, input, context.user);
      return [each.id, patch ? expectChange(each, patch) : () => {}];
    }),
  );
  const outcomes = await sendAct(definition, targets, input, keyring);
  for (const each of outcomes) if (each.error !== null) takeBack.get(each.conversation.id)?.();
  const done = outcomes.filter((each) => each.error === null).map((each) => each.conversation);
  const failed = outcomes.filter((each) => each.error !== null);
  if (done.length > 0) announce(definition, done, input, context);
  if (failed.length > 0) {
    explain(definition, failed, targets.length, context, () =>
      attempt(
        definition,
        failed.map((each) => each.conversation),
        input,
        context,
        keyring,
      ),
    );
  }
  return failed.length === 0;
}

function announce<Input>(
  definition: ActDefinition<Input>,
  done: readonly Conversation[],
  input: Input,
  context: ActContext,
): void {
  if (!definition.announced && done.length === 1) return;
  const undos = done.flatMap((before) => {
    const call = definition.undo?.(before, input);
    return call ? [{ before, call }] : [];
  });
  const { t } = context;
  toast.done(
    t(`shared:acts.${definition.name}.done`, { count: done.length }),
    undos.length < done.length
      ? {}
      : { action: { label: t("shared:actions.undo"), run: () => void undoAll(undos, context) } },
  );
}

type Undo = {
  before: Conversation;
  call: NonNullable<ReturnType<NonNullable<ActDefinition<never>["undo"]>>>;
};

async function undoAll(undos: readonly Undo[], { t }: ActContext): Promise<void> {
  const outcomes = await sendEach(
    undos.map((each) => each.before),
    async (before) => {
      const call = undos.find((each) => each.before === before)?.call;
      await call?.definition.send(before, call.input, newIdempotencyKey());
    },
  );
  const failed = outcomes.find((each) => each.error !== null);
  if (failed) {
    toast.error(t("shared:acts.undo_failed"), { description: describeError(failed.error, t) });
  } else toast.done(t("shared:acts.undone"));
}

function explain<Input>(
  definition: ActDefinition<Input>,
  failed: readonly Outcome[],
  total: number,
  { t }: ActContext,
  again: () => void,
): void {
  const error = failed[0]?.error;
  const title =
    total === 1
      ? t(`shared:acts.${definition.name}.failed`)
      : t("shared:acts.some_failed", { failed: failed.length, total });
  const mayHelp = !(error instanceof ApiError) || error.isUncertain || error.status === 429;
  toast.error(title, {
    description: describeError(error, t),
    ...(mayHelp ? { action: { label: t("shared:actions.retry"), run: again } } : {}),
  });
}

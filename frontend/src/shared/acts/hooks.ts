import { useMemo } from "react";
import { useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Conversation } from "@/shared/live";
import * as definitions from "./definitions";
import { mayWith } from "./permission";
import { runAct } from "./run-act";

export interface Act<Input> {
  /** Resolves to whether it was done. Errors are shown in a toast, so nothing is thrown. */
  run(target: Conversation | readonly Conversation[], input: Input): Promise<boolean>;
  /** Whether the user may do it and it would change something. */
  offered(conversation: Conversation): boolean;
}

export function useAct<Input>(definition: definitions.ActDefinition<Input>): Act<Input> {
  const user = useCurrentUser();
  const { t } = useTranslation();
  return useMemo(
    () => ({
      run: (target, input) =>
        runAct(definition, Array.isArray(target) ? target : [target as Conversation], input, {
          user,
          t,
        }),
      offered: (conversation) =>
        definition.fits(conversation) && mayWith(user, definition.permission, conversation),
    }),
    [definition, user, t],
  );
}

export const useAssign = () => useAct(definitions.assign);
export const useTransfer = () => useAct(definitions.transfer);
export const useSnooze = () => useAct(definitions.snooze);
export const useResolve = () => useAct(definitions.resolve);
export const useReopen = () => useAct(definitions.reopen);
export const useReturnToAssistant = () => useAct(definitions.returnToAssistant);
export const useSetPriority = () => useAct(definitions.setPriority);
export const useSetLabels = () => useAct(definitions.setLabels);

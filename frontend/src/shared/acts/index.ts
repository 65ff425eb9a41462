export { ActDialogs } from "./act-dialogs";
export { useConversationEntries } from "./conversation-menu";
export * as acts from "./definitions";
export { type ActDialog, openActDialog } from "./dialogs-store";
export {
  type Act,
  useAssign,
  useReopen,
  useResolve,
  useReturnToAssistant,
  useSetLabels,
  useSetPriority,
  useSnooze,
  useTransfer,
} from "./hooks";
export { LabelPicker, labelSlug } from "./label-picker";
export { useExpected, useShownConversation } from "./optimistic";
export { mayWith } from "./permission";
export { PriorityMenu } from "./priority-menu";
export { type ReplyRight, replyRightOf } from "./reply-right";
export { SnoozeMenu } from "./snooze-menu";

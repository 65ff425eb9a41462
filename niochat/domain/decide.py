"""The one decider: a command meets a state, events and effects come out. Total and pure."""

from typing import assert_never

from niochat.domain import changing, handling, receiving, replying
from niochat.domain import commands as cmd
from niochat.domain.conversation import ConversationState
from niochat.domain.draft import Decision, DecisionBuilder, DecisionContext


def decide(
    conversation: ConversationState | None, command: cmd.Command, context: DecisionContext
) -> Decision:
    """What ``command`` leads to; the same arguments always lead to the same.

    Raises :class:`~niochat.domain.errors.Refused` where the state does not allow what a
    person asked; nothing has happened then.
    """
    draft = DecisionBuilder(conversation, context)
    _dispatch(draft, command)
    return draft.build()


def _dispatch(draft: DecisionBuilder, command: cmd.Command) -> None:
    match command:
        case cmd.ReceiveMessage():
            receiving.receive_message(draft, command)
        case cmd.ReceiveProviderPhoneMessage():
            receiving.receive_provider_phone_message(draft, command)
        case cmd.ReceiveEcho():
            receiving.receive_echo(draft, command)
        case cmd.ReceiveReaction():
            receiving.receive_reaction(draft, command)
        case cmd.ReceiveEdit():
            receiving.receive_edit(draft, command)
        case cmd.ReceiveDeletion():
            receiving.receive_deletion(draft, command)
        case cmd.ReceiveReceipt():
            receiving.receive_receipt(draft, command)
        case cmd.AssignConversation():
            handling.assign(draft, command)
        case cmd.ReturnConversationToAssistant():
            handling.return_to_assistant(draft, command)
        case cmd.HandOffConversation():
            handling.hand_off_to_team(draft, command)
        case cmd.ReplyToCustomer():
            handling.reply_to_customer(draft, command)
        case cmd.EditReply():
            changing.edit_message(draft, command)
        case cmd.DeleteReply():
            changing.delete_message(draft, command)
        case cmd.ReactToMessage():
            changing.react_to_message(draft, command)
        case cmd.AddNote():
            handling.add_agent_note(draft, command)
        case cmd.TransferConversation():
            handling.transfer(draft, command)
        case cmd.SnoozeConversation():
            handling.snooze(draft, command)
        case cmd.SetConversationPriority():
            handling.set_priority(draft, command)
        case cmd.SetConversationLabels():
            handling.set_labels(draft, command)
        case cmd.ResolveConversation():
            handling.resolve(draft, command)
        case cmd.ReopenConversation():
            handling.reopen(draft, command)
        case cmd.SuspendAssistant():
            handling.suspend_assistant(draft)
        case cmd.DeadLetterCommand():
            handling.dead_letter(draft, command)
        case cmd.FinishAssistantTurn():
            replying.finish_turn(draft, command)
        case cmd.RestartTurn():
            replying.restart_turn(draft, command)
        case cmd.SettleSend():
            replying.settle_send(draft, command)
        case cmd.SettleFile():
            receiving.settle_file(draft, command)
        case cmd.SettleFileReading():
            receiving.settle_file_reading(draft, command)
        case cmd.FireTimer():
            replying.fire_timer(draft, command)
        case cmd.ReceiveSystemNotice():
            pass  # nobody said anything
        case cmd.MergeThread():
            pass  # joined by a statement of its own, see conversation/link
        case _:
            assert_never(command)

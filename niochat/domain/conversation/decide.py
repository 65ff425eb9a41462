"""The one decider: a command meets a state, events and effects come out. Total and pure."""

from typing import assert_never

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.decision import Decision, DecisionBuilder, DecisionContext
from niochat.domain.conversation.handlers import agent_handlers, inbound, message_edits, turns
from niochat.domain.conversation.state import ConversationState


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
            inbound.receive_message(draft, command)
        case cmd.ReceiveProviderPhoneMessage():
            inbound.receive_provider_phone_message(draft, command)
        case cmd.ReceiveEcho():
            inbound.receive_echo(draft, command)
        case cmd.ReceiveReaction():
            inbound.receive_reaction(draft, command)
        case cmd.ReceiveEdit():
            inbound.receive_edit(draft, command)
        case cmd.ReceiveDeletion():
            inbound.receive_deletion(draft, command)
        case cmd.ReceiveReceipt():
            inbound.receive_receipt(draft, command)
        case cmd.AssignConversation():
            agent_handlers.assign(draft, command)
        case cmd.ReturnConversationToAssistant():
            agent_handlers.return_to_assistant(draft, command)
        case cmd.HandOffConversation():
            agent_handlers.hand_off_to_team(draft, command)
        case cmd.ReplyToCustomer():
            agent_handlers.reply_to_customer(draft, command)
        case cmd.EditReply():
            message_edits.edit_message(draft, command)
        case cmd.DeleteReply():
            message_edits.delete_message(draft, command)
        case cmd.ReactToMessage():
            message_edits.react_to_message(draft, command)
        case cmd.AddNote():
            agent_handlers.add_agent_note(draft, command)
        case cmd.TransferConversation():
            agent_handlers.transfer(draft, command)
        case cmd.SnoozeConversation():
            agent_handlers.snooze(draft, command)
        case cmd.SetConversationPriority():
            agent_handlers.set_priority(draft, command)
        case cmd.SetConversationLabels():
            agent_handlers.set_labels(draft, command)
        case cmd.ResolveConversation():
            agent_handlers.resolve(draft, command)
        case cmd.ReopenConversation():
            agent_handlers.reopen(draft, command)
        case cmd.SuspendAssistant():
            agent_handlers.suspend_assistant(draft)
        case cmd.DeadLetterCommand():
            agent_handlers.dead_letter(draft, command)
        case cmd.FinishAssistantTurn():
            turns.finish_turn(draft, command)
        case cmd.RestartTurn():
            turns.restart_turn(draft, command)
        case cmd.SettleSend():
            turns.settle_send(draft, command)
        case cmd.SettleFile():
            inbound.settle_file(draft, command)
        case cmd.SettleFileReading():
            inbound.settle_file_reading(draft, command)
        case cmd.FireTimer():
            turns.fire_timer(draft, command)
        case cmd.ReceiveSystemNotice():
            pass  # nobody said anything
        case cmd.MergeThread():
            pass  # joined by a statement of its own, see conversation/link
        case _:
            assert_never(command)

"""Decides what a command does to a conversation. ``decide`` is total and pure."""

from typing import assert_never

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.decision import Decision, DecisionBuilder, DecisionContext
from niochat.domain.conversation.handlers import (
    agent_handlers,
    inbound,
    message_edits,
    send_settlement,
    timers,
    turns,
)
from niochat.domain.conversation.state import ConversationState
from niochat.domain.follow_up import follow_up_handlers
from niochat.domain.opt_out import opt_out_handlers
from niochat.domain.rating import rating_handlers
from niochat.domain.sla import sla_moments


def decide(
    conversation: ConversationState | None, command: cmd.Command, context: DecisionContext
) -> Decision:
    """Returns the events and effects of ``command``; equal arguments give an equal decision.

    Raises :class:`~niochat.domain.errors.OperationRefusedError` if the state does not allow an
    agent's command; nothing has changed then.
    """
    builder = DecisionBuilder(conversation, context)
    _dispatch(builder, command)
    return builder.build()


def _dispatch(builder: DecisionBuilder, command: cmd.Command) -> None:
    match command:
        case cmd.ReceiveMessage():
            inbound.receive_message(builder, command)
        case cmd.ReceiveProviderPhoneMessage():
            inbound.receive_provider_phone_message(builder, command)
        case cmd.ReceiveEcho():
            inbound.receive_echo(builder, command)
        case cmd.ReceiveReaction():
            inbound.receive_reaction(builder, command)
        case cmd.ReceiveEdit():
            inbound.receive_edit(builder, command)
        case cmd.ReceiveDeletion():
            inbound.receive_deletion(builder, command)
        case cmd.ReceiveDeliveryReceipt():
            inbound.receive_receipt(builder, command)
        case cmd.AssignConversation():
            agent_handlers.assign(builder, command)
        case cmd.ReturnConversationToAssistant():
            agent_handlers.return_to_assistant(builder, command)
        case cmd.HandOffConversation():
            agent_handlers.hand_off_to_team(builder, command)
        case cmd.ReplyToCustomer():
            agent_handlers.reply_to_customer(builder, command)
        case cmd.StartConversation():
            agent_handlers.start_conversation(builder, command)
        case cmd.EditReply():
            message_edits.edit_message(builder, command)
        case cmd.DeleteReply():
            message_edits.delete_message(builder, command)
        case cmd.ReactToMessage():
            message_edits.react_to_message(builder, command)
        case cmd.AddNote():
            agent_handlers.add_agent_note(builder, command)
        case cmd.TransferConversation():
            agent_handlers.transfer(builder, command)
        case cmd.SnoozeConversation():
            agent_handlers.snooze(builder, command)
        case cmd.SetConversationPriority():
            agent_handlers.set_priority(builder, command)
        case cmd.SetConversationLabels():
            agent_handlers.set_labels(builder, command)
        case cmd.ChangeConversationLabels():
            agent_handlers.change_labels(builder, command)
        case cmd.ResolveConversation():
            agent_handlers.resolve(builder, command)
        case cmd.ReopenConversation():
            agent_handlers.reopen(builder, command)
        case cmd.SuspendAssistant():
            agent_handlers.suspend_assistant(builder)
        case cmd.RecordSlaMoment():
            sla_moments.record_sla_moment(builder, command)
        case cmd.SendFollowUp():
            follow_up_handlers.send_follow_up(builder, command)
        case cmd.DeadLetterCommand():
            agent_handlers.dead_letter(builder, command)
        case cmd.FinishAssistantTurn():
            turns.finish_turn(builder, command)
        case cmd.RestartTurn():
            turns.restart_turn(builder, command)
        case cmd.SettleSend():
            send_settlement.settle_send(builder, command)
        case cmd.SettleFile():
            inbound.settle_file(builder, command)
        case cmd.SettleFileReading():
            inbound.settle_file_reading(builder, command)
        case cmd.FireTimer():
            timers.fire_timer(builder, command)
        case cmd.EndRating(reason=reason):
            rating_handlers.end_rating(builder, reason)
        case cmd.EndFollowUp(reason=reason):
            follow_up_handlers.end_follow_up(builder, reason)
        case cmd.RecordOptOut(message=message):
            opt_out_handlers.record_opt_out(builder, message)
        case cmd.ReceiveSystemNotice():
            pass  # carries no message
        case cmd.MergeThread():
            pass  # joined by a statement of its own, see conversation/link
        case _:
            assert_never(command)

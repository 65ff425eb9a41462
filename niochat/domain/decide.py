"""The one decider: a command meets a state, events and effects come out. Total and pure."""

from typing import assert_never

from niochat.domain import changing, handling, receiving, replying
from niochat.domain import commands as cmd
from niochat.domain.conversation import Conversation
from niochat.domain.draft import Context, Decision, Draft


def decide(conversation: Conversation | None, command: cmd.Command, context: Context) -> Decision:
    """What ``command`` leads to; the same arguments always lead to the same.

    Raises :class:`~niochat.domain.errors.Refused` where the state does not allow what a
    person asked; nothing has happened then.
    """
    draft = Draft(conversation, context)
    _dispatch(draft, command)
    return draft.decision()


def _dispatch(draft: Draft, command: cmd.Command) -> None:
    match command:
        case cmd.ReceiveMessage():
            receiving.receive_message(draft, command)
        case cmd.ReceivePhoneMessage():
            receiving.receive_phone_message(draft, command)
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
        case cmd.GiveBackConversation():
            handling.give_back(draft, command)
        case cmd.HandOverConversation():
            handling.hand_over(draft, command)
        case cmd.ReplyToCustomer():
            handling.reply(draft, command)
        case cmd.EditReply():
            changing.edit(draft, command)
        case cmd.DeleteReply():
            changing.delete(draft, command)
        case cmd.ReactToMessage():
            changing.react(draft, command)
        case cmd.LeaveNote():
            handling.note(draft, command)
        case cmd.TransferConversation():
            handling.transfer(draft, command)
        case cmd.SnoozeConversation():
            handling.snooze(draft, command)
        case cmd.PrioritiseConversation():
            handling.prioritise(draft, command)
        case cmd.LabelConversation():
            handling.label(draft, command)
        case cmd.ResolveConversation():
            handling.resolve(draft, command)
        case cmd.ReopenConversation():
            handling.reopen(draft, command)
        case cmd.SuspendAssistant():
            handling.suspend_assistant(draft)
        case cmd.ParkCommand():
            handling.park(draft, command)
        case cmd.FinishAssistantTurn():
            replying.finish_turn(draft, command)
        case cmd.RestartTurn():
            replying.restart_turn(draft, command)
        case cmd.SettleSend():
            replying.settle_send(draft, command)
        case cmd.SettleFile():
            receiving.settle_file(draft, command)
        case cmd.SettleReading():
            receiving.settle_reading(draft, command)
        case cmd.FireTimer():
            replying.fire_timer(draft, command)
        case cmd.ReceiveNotice():
            pass  # nobody said anything
        case cmd.LinkThread():
            pass  # joined by a statement of its own, see conversation/link
        case _:
            assert_never(command)

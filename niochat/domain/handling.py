"""What people and the product do with a conversation: take over, give back, resolve."""

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import Conversation, Status
from niochat.domain.draft import Draft
from niochat.domain.errors import Refused
from niochat.domain.receiving import open_conversation
from niochat.domain.replying import cancel_turn, expect_customer, hand_off, wake_assistant


def assign(draft: Draft, command: cmd.AssignConversation) -> None:
    """A human takes over: from this commit on no assistant message starts to leave."""
    c = _live(draft)
    if c.status is Status.OPEN and c.agent == command.agent:
        return
    cancel_turn(draft, "takeover")
    draft.also(fx.CancelReplies())
    if c.team is not None and c.status is Status.WAITING:
        draft.also(fx.TellTeam(c.team, waiting=False))
    draft.emit(e.ConversationAssigned(command.agent))


def give_back(draft: Draft, command: cmd.GiveBackConversation) -> None:
    """The assistant may answer again, beginning with what nobody answered yet."""
    c = _live(draft)
    if c.assistant_may_reply(draft.context.now):
        return
    if not draft.context.policy.assistant_answers:
        raise Refused(
            "the tenant is suspended or its assistant is off: a person has to answer",
            code="assistant_unavailable",
        )
    if c.team is not None and c.status is Status.WAITING:
        draft.also(fx.TellTeam(c.team, waiting=False))
    draft.emit(e.ConversationGivenBack(command.by))
    if draft.conversation.unanswered:
        wake_assistant(draft)
    else:
        expect_customer(draft)


def hand_over(draft: Draft, command: cmd.HandOverConversation) -> None:
    """An operator calls people; who is with people already stays there, whatever team was named."""
    if _live(draft).status is Status.PENDING:
        hand_off(draft, "operator", command.team)


def resolve(draft: Draft, command: cmd.ResolveConversation) -> None:
    """The visit is over; the next message of the customer opens another one."""
    c = _live(draft)
    cancel_turn(draft, "resolved")
    draft.also(fx.CancelReplies())
    if c.team is not None and c.status is Status.WAITING:
        draft.also(fx.TellTeam(c.team, waiting=False))
    draft.emit(e.ConversationResolved(command.by))


def suspend_assistant(draft: Draft) -> None:
    """The tenant was suspended: what the assistant holds waits for people."""
    c = draft.live
    if c is not None and c.status is Status.PENDING:
        hand_off(draft, "tenant_suspended")


def park(draft: Draft, command: cmd.ParkCommand) -> None:
    """A command that cannot be processed is set aside, and people are called."""
    if draft.live is None or draft.live.status is Status.RESOLVED:
        if not command.opens:
            return
        open_conversation(draft)
    draft.emit(e.CommandParked(command.inbox_id, command.code))
    if draft.conversation.status is Status.PENDING:
        hand_off(draft, "command_parked")


def _live(draft: Draft) -> Conversation:
    c = draft.live
    if c is None or c.status is Status.RESOLVED:
        raise Refused("the conversation is resolved: nothing to do", code="resolved")
    return c

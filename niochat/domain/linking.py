"""Two conversations of one person become one: who answers then, and what is still open."""

from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import Conversation, Status
from niochat.domain.draft import Draft
from niochat.domain.replying import hand_off, wake_assistant
from niochat.domain.under_way import cancel_turn


def link(draft: Draft, other: Conversation | None) -> None:
    """The conversation goes on for both; ``other`` ends as ``merged``.

    Where a person holds either of them, a person holds what is left.
    """
    if other is None:
        draft.emit(e.ThreadsLinked(None))
        return
    in_hand = other.turn.messages if other.turn is not None else 0
    unanswered, messages = other.unanswered + in_hand, (*other.in_hand, *other.asked)
    draft.emit(e.ThreadsLinked(other.id, unanswered=unanswered, messages=messages))
    if draft.conversation.status is Status.PENDING:
        _inherit_holder(draft, other)
    if in_hand or other.unanswered:
        wake_assistant(draft)


def _inherit_holder(draft: Draft, other: Conversation) -> None:
    if other.status is Status.OPEN and other.agent is not None:
        cancel_turn(draft, "takeover")
        draft.also(fx.CancelReplies())
        draft.emit(e.ConversationAssigned(other.agent))
    elif other.status is not Status.PENDING:
        hand_off(draft, "linked")
    elif other.paused_until is not None and other.paused_until > draft.context.now:
        cancel_turn(draft, "phone")
        draft.also(fx.CancelReplies())
        draft.emit(e.AssistantPaused(other.paused_until))

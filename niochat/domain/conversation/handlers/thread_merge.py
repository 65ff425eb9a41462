"""Two conversations of one person become one: who answers then, and what is still open."""

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.scheduling import cancel_turn
from niochat.domain.conversation.handlers.turns import hand_off, schedule_turn
from niochat.domain.conversation.state import ConversationState, ConversationStatus


def merge_conversations(draft: DecisionBuilder, other: ConversationState | None) -> None:
    """The conversation goes on for both; ``other`` ends as ``merged``.

    Where a person holds either of them, a person holds what is left.
    """
    if other is None:
        draft.emit(e.ThreadsMerged(None))
        return
    in_hand = other.turn.messages if other.turn is not None else 0
    unanswered, messages = other.unanswered + in_hand, (*other.in_hand, *other.asked)
    draft.emit(e.ThreadsMerged(other.id, unanswered=unanswered, messages=messages))
    if draft.conversation.status is ConversationStatus.PENDING:
        _inherit_holder(draft, other)
    if in_hand or other.unanswered:
        schedule_turn(draft)


def _inherit_holder(draft: DecisionBuilder, other: ConversationState) -> None:
    if other.status is ConversationStatus.OPEN and other.agent is not None:
        cancel_turn(draft, "takeover")
        draft.add_effect(fx.CancelAssistantSends())
        draft.emit(e.ConversationAssigned(other.agent))
    elif other.status is not ConversationStatus.PENDING:
        hand_off(draft, "linked")
    elif other.paused_until is not None and other.paused_until > draft.context.now:
        cancel_turn(draft, "phone")
        draft.add_effect(fx.CancelAssistantSends())
        draft.emit(e.AssistantPaused(other.paused_until))

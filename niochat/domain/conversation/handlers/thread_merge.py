"""Merges the conversations of two threads that belong to one person."""

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.scheduling import cancel_turn
from niochat.domain.conversation.handlers.transitions import hand_off
from niochat.domain.conversation.handlers.turns import schedule_turn
from niochat.domain.conversation.state import ConversationState, ConversationStatus


def merge_conversations(builder: DecisionBuilder, other: ConversationState | None) -> None:
    """The builder's conversation takes over the unanswered messages of ``other``, which ends as
    ``merged``. If a person holds either of them, a person holds the merged conversation.
    """
    if other is None:
        builder.emit(e.ThreadsMerged(None))
        return
    in_hand = other.turn.messages if other.turn is not None else 0
    unanswered, messages = other.unanswered + in_hand, (*other.in_hand, *other.asked)
    builder.emit(e.ThreadsMerged(other.id, unanswered=unanswered, messages=messages))
    if builder.conversation.status is ConversationStatus.PENDING:
        _inherit_holder(builder, other)
    if in_hand or other.unanswered:
        schedule_turn(builder)


def _inherit_holder(builder: DecisionBuilder, other: ConversationState) -> None:
    if other.status is ConversationStatus.OPEN and other.agent is not None:
        cancel_turn(builder, "takeover")
        builder.add_effect(fx.CancelAssistantSendsEffect())
        builder.emit(e.ConversationAssigned(other.agent))
    elif other.status is not ConversationStatus.PENDING:
        hand_off(builder, "linked")
    elif other.paused_until is not None and other.paused_until > builder.context.now:
        cancel_turn(builder, "phone")
        builder.add_effect(fx.CancelAssistantSendsEffect())
        builder.emit(e.AssistantPaused(other.paused_until))

"""The rows of the ratings of simulated conversations, and the columns of their conversations."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from niochat.cli.demo_history.simulation.recorded_steps import RecordedStep, SimulatedConversation
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.ids import RatingId
from niochat.domain.rating.conversation_rating import COMMENT_WINDOW, RatingStatus

ColumnsByName = dict[str, Any]
ChangeableUntil = datetime | Literal["infinity"] | None


def rating_columns(conversation: SimulatedConversation) -> ColumnsByName:
    """Returns what lists show of the rating, as the fence of each step sets it."""
    ratings = [step.after.rating for step in conversation.steps]
    last = ratings[-1]
    scores = [each.score for each in ratings if each is not None and each.score is not None]
    return {
        "rating_status": last.status.value if last is not None else None,
        "rating_score": scores[-1] if scores else None,
        "rating_until": _changeable_until(conversation.state),
    }


def rating_rows(conversation: SimulatedConversation, channel_id: UUID) -> list[ColumnsByName]:
    """Returns the rows of ``ratings``: each effect inserts or updates one. Team and agent stay
    those of the first, and costs add up.
    """
    rows: dict[RatingId, ColumnsByName] = {}
    for step in conversation.steps:
        # A step stores each rating once, as it is at the end.
        newest = {e.rating.id: e for e in step.effects if isinstance(e, fx.StoreRatingEffect)}
        for rating, stored in newest.items():
            row = rows.setdefault(rating, _new_row(conversation, channel_id, step, stored))
            row |= _changing_columns(step, stored)
            row["cost"] += stored.cost
            row["classification"] = "wanted" if stored.classify else row["classification"]
    return [row | {"cost": str(row["cost"])} for row in rows.values()]


def _new_row(
    conversation: SimulatedConversation,
    channel_id: UUID,
    step: RecordedStep,
    stored: fx.StoreRatingEffect,
) -> ColumnsByName:
    return {
        "id": stored.rating.id,
        "conversation_id": conversation.state.id,
        "thread_id": conversation.thread,
        "channel_id": channel_id,
        "team": stored.team,
        "agent": stored.agent,
        "created_at": step.at,
        "classification": None,
        "cost": Decimal(0),
    }


def _changing_columns(step: RecordedStep, stored: fx.StoreRatingEffect) -> ColumnsByName:
    rating = stored.rating
    return {
        "status": rating.status.value,
        "reason": rating.reason,
        "due_at": rating.due_at,
        "requested_at": rating.requested_at,
        "sent_at": rating.sent_at,
        "answered_at": rating.answered_at,
        "score": rating.score,
        "request_id": rating.request,
        "answer_id": rating.answer,
        "comment_ids": list(rating.comments),
        "changed_at": step.at,
    }


def _changeable_until(state: ConversationState) -> ChangeableUntil:
    """Returns until when the rating may still change; ``None`` if it is final."""
    rating = state.rating
    if rating is None or state.status is not ConversationStatus.RESOLVED:
        return None
    if rating.is_unanswered:
        return "infinity"
    if rating.status is RatingStatus.ANSWERED and rating.answered_at is not None:
        return rating.answered_at + COMMENT_WINDOW
    return None

"""Events of a rating. Like all events they hold ids, codes and numbers, never text."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from niochat.domain.ids import MessageId, RatingId
from niochat.domain.rating.conversation_rating import ConversationRating, RatingStatus


@dataclass(frozen=True, slots=True)
class RatingScheduled:
    """The customer will be asked for a rating at ``due_at``. It occurs again if that moves."""

    rating: RatingId
    due_at: datetime
    type: Literal["rating_scheduled"] = "rating_scheduled"


@dataclass(frozen=True, slots=True)
class RatingSkipped:
    """The customer is not asked. ``reason`` is no_service, blocked, opted_out, asked_recently,
    suspended, customer_wrote, conversation_started, reopened or merged.
    """

    rating: RatingId
    reason: str
    type: Literal["rating_skipped"] = "rating_skipped"


@dataclass(frozen=True, slots=True)
class RatingRequested:
    """The request waits in the outbox as ``message``."""

    rating: RatingId
    message: MessageId
    at: datetime
    type: Literal["rating_requested"] = "rating_requested"


@dataclass(frozen=True, slots=True)
class RatingSent:
    """The gateway took the request."""

    rating: RatingId
    at: datetime
    type: Literal["rating_sent"] = "rating_sent"


@dataclass(frozen=True, slots=True)
class RatingFailed:
    """The request could not be sent; ``code`` says why."""

    rating: RatingId
    code: str
    type: Literal["rating_failed"] = "rating_failed"


@dataclass(frozen=True, slots=True)
class RatingExpired:
    """The request has no answer. ``reason`` is no_answer, customer_wrote, conversation_started,
    reopened or merged.
    """

    rating: RatingId
    reason: str
    type: Literal["rating_expired"] = "rating_expired"


@dataclass(frozen=True, slots=True)
class RatingAnswered:
    """The customer rated, or corrected the rating within the time for comments.

    ``score`` is ``None`` if the answer evaluates without saying how much. ``message`` is ``None``
    if the answer is a reaction to the request.
    """

    rating: RatingId
    message: MessageId | None
    score: int | None
    at: datetime
    type: Literal["rating_answered"] = "rating_answered"


@dataclass(frozen=True, slots=True)
class RatingCommented:
    """A message of the customer comments on the rating."""

    rating: RatingId
    message: MessageId
    type: Literal["rating_commented"] = "rating_commented"


@dataclass(frozen=True, slots=True)
class LowRatingReported:
    """The score is at or below the tenant's limit."""

    rating: RatingId
    score: int
    type: Literal["rating_low"] = "rating_low"


RatingEvent = (
    RatingScheduled
    | RatingSkipped
    | RatingRequested
    | RatingSent
    | RatingFailed
    | RatingExpired
    | RatingAnswered
    | RatingCommented
)
"""The events that change a rating."""


def apply_rating_event(rating: ConversationRating | None, event: RatingEvent) -> ConversationRating:
    """Returns the rating after ``event``, which may begin another one."""
    if rating is None or rating.id != event.rating:
        if isinstance(event, RatingSkipped) and rating is not None and rating.answered_at:
            return rating  # an answer stays the conversation's rating
        rating = ConversationRating(event.rating, RatingStatus.SCHEDULED)
    match event:
        case RatingScheduled(due_at=due_at):
            return replace(rating, due_at=due_at)
        case RatingSkipped(reason=reason):
            return replace(rating, status=RatingStatus.SKIPPED, reason=reason)
        case RatingRequested(message=message, at=at):
            return replace(rating, request=message, requested_at=at)
        case RatingSent(at=at):
            return replace(rating, status=RatingStatus.SENT, sent_at=at)
        case RatingFailed(code=code):
            return replace(rating, status=RatingStatus.FAILED, reason=code)
        case RatingExpired(reason=reason):
            return replace(rating, status=RatingStatus.EXPIRED, reason=reason)
        case RatingAnswered(message=message, score=score, at=at):
            return replace(
                rating,
                status=RatingStatus.ANSWERED,
                score=score,
                answer=message,
                answered_at=rating.answered_at or at,
            )
        case RatingCommented(message=message):
            return replace(rating, comments=(*rating.comments, message))
        case _:
            assert_never(event)

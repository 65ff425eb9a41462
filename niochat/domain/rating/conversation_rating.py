"""The rating of a resolved conversation: its status and how long an answer is expected."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from niochat.domain.ids import MessageId, RatingId

ANSWER_WINDOW = timedelta(hours=24)
"""How long after the request was sent a message may be its answer."""
COMMENT_WINDOW = timedelta(minutes=10)
"""How long after the score a message may be a comment on it."""


class RatingStatus(StrEnum):
    """The status of a rating. The last four are final."""

    SCHEDULED = "scheduled"
    """The request is not sent yet."""
    SENT = "sent"
    ANSWERED = "answered"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ConversationRating:
    """One rating. ``reason`` says why it was skipped, expired or failed."""

    id: RatingId
    status: RatingStatus
    due_at: datetime | None = None
    """When the request is sent."""
    reason: str = ""
    request: MessageId | None = None
    """The message that asks; ``None`` until it waits in the outbox."""
    requested_at: datetime | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    score: int | None = None
    """1 (worst) to 5 (best); ``None`` if the answer evaluates without saying how much."""
    answer: MessageId | None = None
    """The customer's message; ``None`` if a reaction to the request was the answer."""
    comments: tuple[MessageId, ...] = ()

    @property
    def is_unanswered(self) -> bool:
        """Whether the request is still to be sent or answered."""
        return self.status in (RatingStatus.SCHEDULED, RatingStatus.SENT)

    def awaits_answer(self, now: datetime) -> bool:
        """Whether a message that arrives at ``now`` may be the answer."""
        asked_at = self.sent_at or self.requested_at
        return self.is_unanswered and asked_at is not None and now <= asked_at + ANSWER_WINDOW

    def awaits_comment(self, now: datetime) -> bool:
        """Whether a message that arrives at ``now`` may be a comment."""
        return self.answered_at is not None and now <= self.answered_at + COMMENT_WINDOW

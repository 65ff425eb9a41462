"""Events of follow-ups. Like all events they hold ids, codes and numbers, never text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from niochat.domain.ids import MessageId


@dataclass(frozen=True, slots=True)
class FollowUpQueued:
    """Attempt ``number`` waits in the outbox as ``message``, in the text ``variant``. The next
    message of the customer until ``answer_until`` answers it.
    """

    number: int
    variant: int
    message: MessageId
    answer_until: datetime
    type: Literal["follow_up_queued"] = "follow_up_queued"


@dataclass(frozen=True, slots=True)
class FollowUpSkipped:
    """Attempt ``number`` was not made. ``reason`` is a ``SkipReason``."""

    number: int
    reason: str
    type: Literal["follow_up_skipped"] = "follow_up_skipped"


@dataclass(frozen=True, slots=True)
class FollowUpEnded:
    """Nobody waits for an answer to the latest attempt any longer. ``reason`` is customer_wrote,
    conversation_started, reopened, opted_out or merged.
    """

    reason: str
    type: Literal["follow_up_ended"] = "follow_up_ended"


FollowUpEvent = FollowUpQueued | FollowUpSkipped | FollowUpEnded

"""What a conversation knows of the follow-ups that were sent in it."""

from dataclasses import dataclass
from datetime import datetime

from niochat.domain.ids import MessageId


@dataclass(frozen=True, slots=True)
class ConversationFollowUp:
    """The latest attempt. Its ``number`` keeps it from being made twice."""

    number: int
    message: MessageId
    answer_until: datetime | None
    """Until when the customer's next message answers it; ``None``: it is answered, or nobody waits
    for an answer any longer.
    """

    def awaits_answer(self, now: datetime) -> bool:
        """Whether a message that arrives at ``now`` answers the attempt."""
        return self.answer_until is not None and now <= self.answer_until

"""The event of an opt-out. It changes nothing of a conversation."""

from dataclasses import dataclass
from typing import Literal

from niochat.domain.ids import MessageId


@dataclass(frozen=True, slots=True)
class ContactOptedOut:
    """The customer's ``message`` asks for no more messages that the provider begins. ``answered``
    says what it answers: follow_up, rating or conversation (one that an agent started).
    """

    message: MessageId
    answered: str
    type: Literal["contact_opted_out"] = "contact_opted_out"

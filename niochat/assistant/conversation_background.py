"""What stands around a visit: whom the contact is known as, who has the conversation, its pace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from niochat.assistant.conversation_facts import ConversationFacts


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """Who was identified from this address in an earlier visit, and is still the same."""

    sealed_document: bytes
    """Their document."""
    contract: str
    """The one that was talked about last."""


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """Where the conversation stands. ``after_hours``: people have it, and are not there."""

    team: str | None = None
    has_agent: bool = False
    after_hours: bool = False


@dataclass(frozen=True, slots=True)
class ConversationActivity:
    """How often this conversation was answered within the hour, this turn included, and what that
    cost. ``said``: (author, text, seconds), the newest 40, oldest first; empty where it was
    answered less than three times.
    """

    turns: int = 0
    cost: Decimal = Decimal(0)
    messages: Sequence[tuple[str, str, float]] = ()


@dataclass(frozen=True, slots=True)
class EarlierConversation:
    """``handed_off``, ``ended``: codes of why; empty where it was not."""

    began: datetime
    facts: ConversationFacts
    handed_off: str
    ended: str

"""The background of a conversation: the known customer, the assignment and the recent activity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from niochat.assistant.conversation_facts import ConversationFacts


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """The customer who was identified from this address in an earlier conversation."""

    sealed_document: bytes
    """The customer's tax id, sealed."""
    contract: str
    """The id of the contract that the customer confirmed last."""


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """The team or agent that has the conversation.

    ``after_hours``: the conversation was handed off, and no agent is on duty.
    """

    team: str | None = None
    has_agent: bool = False
    after_hours: bool = False


@dataclass(frozen=True, slots=True)
class ConversationActivity:
    """The turns of this conversation within the last hour, the current one included, and their
    cost.

    ``messages``: the newest 40 as (author, text, seconds since the epoch), oldest first; empty if
    the conversation had fewer than three turns.
    """

    turns: int = 0
    cost: Decimal = Decimal(0)
    messages: Sequence[tuple[str, str, float]] = ()


@dataclass(frozen=True, slots=True)
class EarlierConversation:
    """An ended conversation. ``handed_off`` and ``ended`` are reason codes or empty."""

    began: datetime
    facts: ConversationFacts
    handed_off: str
    ended: str

"""Jobs and results of the load generator. Durations are seconds, rates messages per second."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class MessageStage(StrEnum):
    """How far a message is followed."""

    ACCEPTED = "accepted"
    """The webhook was answered with 200."""
    ANSWERED = "answered"
    """The product sent a text with the message's tag."""


@dataclass(frozen=True, slots=True)
class LoadStream:
    """The customers of one channel.

    ``rate`` 0: each of ``places`` sends the next message when it is free (closed loop). Otherwise
    messages start at this rate, whether or not earlier ones are finished (open loop).
    """

    name: str
    url: str
    token: str = "token"
    first: int = 0
    """The number of the first customer; two streams must not share numbers."""
    people: int = 1000
    connections: int = 64
    places: int = 64
    """The number of messages in progress at a time in a closed loop."""
    rate: float = 0.0
    delay: float = 0.0
    """The delay of the stream's start after the start of the job, in seconds."""
    measured: MessageStage = MessageStage.ACCEPTED
    """The stage up to which the latency is measured."""
    freed: MessageStage = MessageStage.ACCEPTED
    """The stage at which the customer, and the place in a closed loop, is free again."""
    messages: int = 0
    """The number of messages after which the stream stops; 0: at the end of the run."""
    repeat: bool = False
    """Whether a rejected webhook is posted again until it is accepted, as a gateway may do."""

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """Create a stream from JSON. Raises ``TypeError`` and ``ValueError`` for invalid fields."""
        stage_fields = ("measured", "freed")
        fields: dict[str, Any] = {
            k: MessageStage(v) if k in stage_fields else v for k, v in found.items()
        }
        return cls(**fields)


@dataclass(slots=True)
class LoadStreamResult:
    """The result of one stream. Latencies are milliseconds, in the order of completion."""

    name: str
    posted: int = 0
    accepted: int = 0
    answered: int = 0
    within: int = 0
    """Messages measured during the run; later ones only count in ``latencies_ms``."""
    refused: int = 0
    """Rejected: a status of 300 or more."""
    failed: int = 0
    """The connection broke before a response."""
    skipped: int = 0
    """Open loop: no customer was free, or too many messages waited for a connection."""
    unanswered: int = 0
    twice: int = 0
    out_of_order: int = 0
    accepted_s: float = 0.0
    """Seconds from the start to the last accepted message."""
    last_s: float = 0.0
    """Seconds from the start to the last measured message."""
    statuses: dict[str, int] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)

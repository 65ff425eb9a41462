"""What the crowd is told to do, and what it tells of it. Seconds, messages a second."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class MessageStage(StrEnum):
    """What a message can be followed to."""

    ACCEPTED = "accepted"
    """Its webhook was answered 200."""
    ANSWERED = "answered"
    """The gateway was told to send a text that names it."""


@dataclass(frozen=True, slots=True)
class LoadStream:
    """Customers of one channel. `rate` 0: each place writes again once it is free (closed loop),
    else messages start at this rate whatever becomes of them (open loop).
    """

    name: str
    url: str
    token: str = "token"
    first: int = 0
    """Number of its first person; persons of two streams never share a number."""
    people: int = 1000
    connections: int = 64
    places: int = 64
    """Messages under way at a time in a closed loop."""
    rate: float = 0.0
    delay: float = 0.0
    """Seconds after the others of its job that it begins."""
    measured: MessageStage = MessageStage.ACCEPTED
    """Latency is taken up to here."""
    freed: MessageStage = MessageStage.ACCEPTED
    """The person, and the place in a closed loop, is free again from here on."""
    messages: int = 0
    """Stops after so many; 0: at the end of the time."""
    repeat: bool = False
    """What was not accepted is posted again until it is, as a gateway may do."""

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """From JSON. Raises `TypeError` and `ValueError` for what is no stream."""
        moments = ("measured", "freed")
        fields: dict[str, Any] = {
            k: MessageStage(v) if k in moments else v for k, v in found.items()
        }
        return cls(**fields)


@dataclass(slots=True)
class LoadStreamResult:
    """What became of one stream's messages. Latencies in milliseconds, by completion."""

    name: str
    posted: int = 0
    accepted: int = 0
    answered: int = 0
    within: int = 0
    """Measured within the time of the run; those after it count for `latencies_ms` only."""
    refused: int = 0
    """Not accepted: a status of 300 or more."""
    failed: int = 0
    """The connection broke before an answer."""
    skipped: int = 0
    """Open loop: nobody was free, or too many waited for a connection."""
    unanswered: int = 0
    twice: int = 0
    out_of_order: int = 0
    accepted_s: float = 0.0
    """From the start to the last accepted one."""
    last_s: float = 0.0
    """From the start to the last measured one."""
    statuses: dict[str, int] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)

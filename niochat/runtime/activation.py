"""A virtual actor in memory, and what others may put into its mailbox."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from niochat.domain.errors import UnavailableError
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.fair_queue import Lane

MAX_MAILBOX_MESSAGES = 10_000
"""In one mailbox. A conversation has a handful; a tenant or a team whose messages are this many
is told no more before it has had its step.
"""


class DeactivationReason(StrEnum):
    """Why an actor left memory."""

    IDLE = "idle"
    OVER_CAPACITY = "crowded"
    """More actors than the host may hold: the longest idle go first."""
    REQUESTED = "asked"
    """By an operator."""
    SHARD_LOST = "shard_lost"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ActorRequest:
    """A message that wants an answer."""

    payload: Any
    response: "asyncio.Future[Any]"

    def reply(self, value: Any) -> None:
        """Answer, unless who asked has gone away."""
        if not self.response.done():
            self.response.set_result(value)

    def reject(self, message: str = "the actor is not here any more", code: str = "host") -> None:
        """Nobody here will answer: the actor moved away, its host stops, or too many ask."""
        if not self.response.done():
            self.response.set_exception(UnavailableError(message, code=code))


class Activation:
    """One virtual actor. ``state`` is its behaviour's; it makes things fast, never true."""

    __slots__ = (
        "address",
        "created_at",
        "error",
        "has_missed_message",
        "is_leaving",
        "is_queued",
        "is_stepping",
        "lane",
        "last_active_at",
        "mailbox",
        "state",
    )

    def __init__(self, address: ActorAddress, now: float, lane: Lane = None) -> None:
        self.address = address
        self.lane = lane
        """Whose share its steps use, as its tenant's; ``None`` until somebody knows."""
        self.has_missed_message = False
        """Was told something that did not fit: what it remembers may be out of date."""
        self.state: Any = None
        self.mailbox: list[Any] = []
        self.is_stepping = False
        """In a step: nobody else may step it."""
        self.is_queued = False
        """Waits for a step."""
        self.is_leaving = False
        """Its shard moved away: it leaves memory when it rests."""
        self.last_active_at = self.created_at = now
        self.error: tuple[str, datetime] | None = None
        """Code of the last step that failed, and when."""

    @property
    def is_idle(self) -> bool:
        """Has nothing to do."""
        return not (self.is_stepping or self.is_queued or self.mailbox)

    def enqueue(self, message: Any, limit: int = MAX_MAILBOX_MESSAGES) -> bool:
        """Put it into the mailbox; false when that is full: whoever asks is refused, what was
        only told is ``missed``.
        """
        if len(self.mailbox) < limit:
            self.mailbox.append(message)
            return True
        if isinstance(message, ActorRequest):
            message.reject("too many ask the actor", "crowded")
        else:
            self.has_missed_message = True
        return False

    def take_messages(self) -> list[Any]:
        """All messages, oldest first; the mailbox is empty then."""
        messages, self.mailbox = self.mailbox, []
        return messages

    def reset(self) -> None:
        """Forget what it knew and what it was told; who asked something is told so."""
        self.state = None
        for message in self.take_messages():
            if isinstance(message, ActorRequest):
                message.reject()

    def record_failure(self, code: str) -> None:
        """A step of this activation did not happen; only the last one is remembered."""
        self.error = (code, datetime.now(UTC))

    def put_back(self, messages: list[Any]) -> None:
        """Messages whose step did not happen, before those that came since."""
        self.mailbox = [*messages, *self.mailbox]

"""A virtual actor in memory, with its mailbox."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from niochat.domain.errors import UnavailableError
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.fair_queue import Lane

MAX_MAILBOX_MESSAGES = 10_000
"""Messages in one mailbox. A conversation has a handful; a tenant or a team queue with this many
gets no more before its next step.
"""


class DeactivationReason(StrEnum):
    """Why an actor left memory."""

    IDLE = "idle"
    OVER_CAPACITY = "crowded"
    """The host holds more actors than it may; the longest idle ones leave first."""
    REQUESTED = "asked"
    """An operator requested it."""
    SHARD_LOST = "shard_lost"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ActorRequest:
    """A message whose sender waits for an answer."""

    payload: Any
    response: "asyncio.Future[Any]"

    def reply(self, value: Any) -> None:
        """Answer the request, unless the sender no longer waits."""
        if not self.response.done():
            self.response.set_result(value)

    def reject(self, message: str = "the actor is not here any more", code: str = "host") -> None:
        """Fail the request, because the actor left this host or too many requests wait."""
        if not self.response.done():
            self.response.set_exception(UnavailableError(message, code=code))


class Activation:
    """One virtual actor. ``state`` belongs to the behaviour and only caches what the rows hold."""

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
        """The lane that its steps are charged to, usually its tenant; ``None`` if it is unknown."""
        self.has_missed_message = False
        """Whether a message did not fit into the mailbox, so that the state may be out of date."""
        self.state: Any = None
        self.mailbox: list[Any] = []
        self.is_stepping = False
        """Whether a step is in progress; a second one must not start."""
        self.is_queued = False
        """Whether the actor waits for a step."""
        self.is_leaving = False
        """Whether the actor is removed from memory as soon as it is idle."""
        self.last_active_at = self.created_at = now
        self.error: tuple[str, datetime] | None = None
        """The code and the time of the last failed step."""

    @property
    def is_idle(self) -> bool:
        """Whether the actor has no step in progress and no message that waits for one."""
        return not (self.is_stepping or self.is_queued or self.mailbox)

    def enqueue(self, message: Any, limit: int = MAX_MAILBOX_MESSAGES) -> bool:
        """Put the message into the mailbox; false when the mailbox is full. Then a request is
        rejected, and any other message sets ``has_missed_message``.
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
        """Empty the mailbox and return its messages, oldest first."""
        messages, self.mailbox = self.mailbox, []
        return messages

    def reset(self) -> None:
        """Drop the state and the messages; requests are rejected."""
        self.state = None
        for message in self.take_messages():
            if isinstance(message, ActorRequest):
                message.reject()

    def record_failure(self, code: str) -> None:
        """Record that a step failed; only the last failure is kept."""
        self.error = (code, datetime.now(UTC))

    def put_back(self, messages: list[Any]) -> None:
        """Return the messages of a failed step to the mailbox, before those that came since."""
        self.mailbox = [*messages, *self.mailbox]

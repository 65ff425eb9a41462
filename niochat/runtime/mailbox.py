"""A virtual actor in memory, and what others may put into its mailbox."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from niochat.domain.errors import UnavailableError
from niochat.runtime.address import Address
from niochat.runtime.fair_line import Lane

MOST_MESSAGES = 10_000
"""In one mailbox. A conversation has a handful; a tenant or a team whose messages are this many
is told no more before it has had its step.
"""


class Deactivation(StrEnum):
    """Why an actor left memory."""

    IDLE = "idle"
    CROWDED = "crowded"
    """More actors than the host may hold: the longest idle go first."""
    ASKED = "asked"
    """By an operator."""
    SHARD_LOST = "shard_lost"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Ask:
    """A message that wants an answer."""

    payload: Any
    answer: "asyncio.Future[Any]"

    def reply(self, value: Any) -> None:
        """Answer, unless who asked has gone away."""
        if not self.answer.done():
            self.answer.set_result(value)

    def refuse(self, why: str = "the actor is not here any more", code: str = "host") -> None:
        """Nobody here will answer: the actor moved away, its host stops, or too many ask."""
        if not self.answer.done():
            self.answer.set_exception(UnavailableError(why, code=code))


class Activation:
    """One virtual actor. ``state`` is its behaviour's; it makes things fast, never true."""

    __slots__ = (
        "address", "created_at", "error", "has_missed_message", "is_leaving", "is_queued",
        "is_stepping", "lane", "last_active_at", "mailbox", "state",
    )  # fmt: skip

    def __init__(self, address: Address, now: float, lane: Lane = None) -> None:
        self.address = address
        self.lane = lane
        """Whose share its steps use, as its tenant's; ``None`` until somebody knows."""
        self.missed = False
        """Was told something that did not fit: what it remembers may be out of date."""
        self.state: Any = None
        self.mailbox: list[Any] = []
        self.busy = False
        """In a step: nobody else may step it."""
        self.queued = False
        """Waits for a step."""
        self.leaving = False
        """Its shard moved away: it leaves memory when it rests."""
        self.touched = self.born = now
        self.error: tuple[str, datetime] | None = None
        """Code of the last step that failed, and when."""

    @property
    def resting(self) -> bool:
        """Has nothing to do."""
        return not (self.busy or self.queued or self.mailbox)

    def receive(self, message: Any, most: int = MOST_MESSAGES) -> bool:
        """Put it into the mailbox; false when that is full: whoever asks is refused, what was
        only told is ``missed``.
        """
        if len(self.mailbox) < most:
            self.mailbox.append(message)
            return True
        if isinstance(message, Ask):
            message.refuse("too many ask the actor", "crowded")
        else:
            self.missed = True
        return False

    def take(self) -> list[Any]:
        """All messages, oldest first; the mailbox is empty then."""
        messages, self.mailbox = self.mailbox, []
        return messages

    def clear(self) -> None:
        """Forget what it knew and what it was told; who asked something is told so."""
        self.state = None
        for message in self.take():
            if isinstance(message, Ask):
                message.refuse()

    def failed(self, code: str) -> None:
        """A step of this activation did not happen; only the last one is remembered."""
        self.error = (code, datetime.now(UTC))

    def put_back(self, messages: list[Any]) -> None:
        """Messages whose step did not happen, before those that came since."""
        self.mailbox = [*messages, *self.mailbox]

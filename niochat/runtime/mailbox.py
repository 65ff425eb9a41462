"""A virtual actor in memory, and what others may put into its mailbox."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from niochat.domain.errors import Unavailable
from niochat.runtime.address import Address


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

    def refuse(self) -> None:
        """Nobody here will answer: the actor moved away, or its host stops."""
        if not self.answer.done():
            self.answer.set_exception(Unavailable("the actor is not here any more", code="host"))


class Activation:
    """One virtual actor. ``state`` is its behaviour's; it makes things fast, never true."""

    __slots__ = (
        "address", "born", "busy", "error", "leaving", "mailbox", "queued", "state", "touched",
    )  # fmt: skip

    def __init__(self, address: Address, now: float) -> None:
        self.address = address
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

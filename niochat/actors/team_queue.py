"""The team queue's actor: who waits for the team, longest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from niochat.conversation.views import Views
from niochat.runtime.address import Address
from niochat.runtime.host import Delivery
from niochat.runtime.mailbox import Ask


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thread began or ceased to wait for the team."""

    tenant_id: UUID
    team: str
    thread_id: UUID
    waits: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Asks for the place of a thread in the queue: 1 is next, ``None`` when it does not wait."""

    tenant_id: UUID
    team: str
    thread_id: UUID


@dataclass(slots=True)
class _Queue:
    threads: list[UUID] = field(default_factory=list)


class TeamQueueBehaviour:
    """Remembers the order of a queue; the rows have it, so a new activation reads them."""

    batch = 16
    parallel = 1

    def __init__(self, views: Views) -> None:
        self._views = views

    async def step(self, batch: Sequence[Delivery]) -> Sequence[Address]:
        """Apply what was told, in order, and answer what was asked."""
        for delivery in batch:
            for message in delivery.messages:
                body = message.payload if isinstance(message, Ask) else message
                answer = self._handle(await self._queue(delivery, body), body)
                if isinstance(message, Ask):
                    message.reply(answer)
        return []

    async def _queue(self, delivery: Delivery, about: Waiting | Position) -> _Queue:
        if delivery.activation.state is None or delivery.activation.missed:
            delivery.activation.missed = False
            threads = await self._views.waiting(about.tenant_id, about.team)
            delivery.activation.state = _Queue(threads)
        queue: _Queue = delivery.activation.state
        return queue

    def _handle(self, queue: _Queue, body: Waiting | Position) -> int | None:
        present = body.thread_id in queue.threads
        if isinstance(body, Position):
            return queue.threads.index(body.thread_id) + 1 if present else None
        if body.waits and not present:
            queue.threads.append(body.thread_id)
        elif present and not body.waits:
            queue.threads.remove(body.thread_id)
        return len(queue.threads)

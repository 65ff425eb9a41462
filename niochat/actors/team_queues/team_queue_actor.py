"""The team queue's actor: it assigns waiting conversations to agents with free capacity.

It remembers only that there was no capacity; everything else is in rows. Messages that arrive
during an assignment lead to one further assignment.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from niochat.assignment.queue_assignment import MAX_ASSIGNMENTS, QueueAssigner
from niochat.domain.errors import NiochatError
from niochat.runtime.activation import Activation
from niochat.runtime.actor_runtime import ActorStep
from niochat.runtime.address import ActorAddress

_log = structlog.get_logger(__name__)

PokeThreads = Callable[[UUID, Sequence[UUID]], None]
"""Wakes a tenant's threads, which have a command to execute."""


@dataclass(frozen=True, slots=True)
class ThreadWaitingChange:
    """A thread began or stopped to wait for the team."""

    tenant_id: UUID
    team: str
    thread_id: UUID
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class QueueAssignRequest:
    """An agent came online or has free capacity, or the sweep found a waiting conversation."""

    tenant_id: UUID
    team: str


@dataclass(frozen=True, slots=True)
class _NoCapacity:
    """No agent had free capacity at the last assignment. A new waiting conversation needs no
    assignment then: freed capacity is notified, and the sweep makes up for lost notices.
    """


class TeamQueueBehaviour:
    """Runs the steps of team queues: one at a time for each queue, several queues concurrently."""

    batch = 16
    parallel = 2

    def __init__(self, queues: QueueAssigner, poke: PokeThreads) -> None:
        self._queues = queues
        self._poke = poke

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        """Runs one assignment for each queue that has a reason for it. The sweep finds the queue of
        a failed one again.
        """
        more = await asyncio.gather(*(self._step(delivery) for delivery in batch))
        return [each.activation.address for each, again in zip(batch, more, strict=True) if again]

    async def _step(self, delivery: ActorStep) -> bool:
        activation = delivery.activation
        reasons = [each for each in delivery.messages if self._needs_assignment(activation, each)]
        if not reasons:
            return False
        try:
            return await self._assign(
                activation, QueueAssignRequest(reasons[-1].tenant_id, reasons[-1].team)
            )
        except Exception as error:  # noqa: BLE001 - a queue's error must not stop other queues
            activation.state = None
            code = error.code if isinstance(error, NiochatError) else "step_failed"
            activation.record_failure(code)
            expected = isinstance(error, NiochatError) and error.retryable
            _log.warning("assignment_postponed", code=code, exc_info=None if expected else error)
            return False

    def _needs_assignment(
        self, activation: Activation, message: QueueAssignRequest | ThreadWaitingChange
    ) -> bool:
        full = isinstance(activation.state, _NoCapacity) and not activation.has_missed_message
        return isinstance(message, QueueAssignRequest) or (message.is_waiting and not full)

    async def _assign(self, activation: Activation, request: QueueAssignRequest) -> bool:
        """Runs one assignment; returns whether another one must follow at once."""
        activation.has_missed_message = False
        result = await self._queues.assign(request.tenant_id, request.team)
        activation.state = None if result.room else _NoCapacity()
        self._poke(request.tenant_id, result.threads)
        if len(result.assignments) < MAX_ASSIGNMENTS:
            return False
        activation.mailbox.append(request)
        return True

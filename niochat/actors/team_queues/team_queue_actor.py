"""The team queue's actor: it gives what waits to agents who have room.

It remembers only that there was no room: who waits, and who has how many, are rows. Whatever comes
while it assigns is one look afterwards.
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
"""(tenant, threads): they have a command."""


@dataclass(frozen=True, slots=True)
class QueueWaitNotice:
    """A thread began or ceased to wait for the team."""

    tenant_id: UUID
    team: str
    thread_id: UUID
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class QueueAssignRequest:
    """Somebody has room or came, or somebody was found to wait."""

    tenant_id: UUID
    team: str


@dataclass(frozen=True, slots=True)
class _NoCapacity:
    """Nobody had room at the last look: who comes to wait since then need not look again, whoever
    gets room says so, and what is lost is swept.
    """


class TeamQueueBehaviour:
    """Steps queues, each once at a time, those of several teams at once."""

    batch = 16
    parallel = 2

    def __init__(self, queues: QueueAssigner, poke: PokeThreads) -> None:
        self._queues = queues
        self._poke = poke

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        """One look of each that has a reason for it. One that fails is found by the sweep."""
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
        except Exception as error:  # noqa: BLE001 - a queue's error is not its neighbours'
            activation.state = None
            code = error.code if isinstance(error, NiochatError) else "step_failed"
            activation.record_failure(code)
            expected = isinstance(error, NiochatError) and error.retryable
            _log.warning("assignment_put_off", code=code, exc_info=None if expected else error)
            return False

    def _needs_assignment(
        self, activation: Activation, message: QueueAssignRequest | QueueWaitNotice
    ) -> bool:
        full = isinstance(activation.state, _NoCapacity) and not activation.has_missed_message
        return isinstance(message, QueueAssignRequest) or (message.is_waiting and not full)

    async def _assign(self, activation: Activation, look: QueueAssignRequest) -> bool:
        """Whether there is more to give away at once."""
        activation.has_missed_message = False
        assigned = await self._queues.assign(look.tenant_id, look.team)
        activation.state = None if assigned.room else _NoCapacity()
        self._poke(look.tenant_id, assigned.threads)
        if len(assigned.assignments) < MAX_ASSIGNMENTS:
            return False
        activation.mailbox.append(look)
        return True

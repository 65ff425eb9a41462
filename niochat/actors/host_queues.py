"""A host's way to team queues, wherever they live, and from them back to conversations."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, assert_never
from uuid import UUID

from niochat.actors import kinds
from niochat.actors.free_slots import FreeSlots
from niochat.actors.ownership import Ownership
from niochat.actors.queue_sweep import QueueSweep
from niochat.actors.team_queue import Look, TeamQueueBehaviour, Waiting
from niochat.adapters.postgres.database import Database
from niochat.assignment.presences import PresenceStore
from niochat.assignment.queues import QueueAssigner, TeamQueueKey
from niochat.domain import effects as fx
from niochat.runtime.address import Address
from niochat.runtime.tasks import Owner

MOST_TOLD = 1000
"""Messages to queues of other hosts that are on their way; further ones are dropped, as they are
lost when such a host is away.
"""

Tell = Callable[[Address, object], Coroutine[Any, Any, None]]
TellHere = Callable[[Address, object], None]
Poke = Callable[[Iterable[Address], UUID | None], None]


class HostQueues:
    """Tells queues, gives them a behaviour, and looks after those that nobody told."""

    def __init__(
        self,
        database: Database,
        ownership: Ownership,
        tell_here: TellHere,
        tell: Tell,
        poke_here: Poke,
        poke: Poke,
        say: Callable[[bytes], Awaitable[object]],
    ) -> None:
        """``…_here`` reach this host's actors, the others those of other hosts; ``say`` screens."""
        self._ownership = ownership
        self._tell_here, self._tell = tell_here, tell
        self._poke_here, self._poke = poke_here, poke
        queues = QueueAssigner(database)
        self._free_slots = FreeSlots(queues, self._look)
        self._sweep = QueueSweep(
            PresenceStore(database), queues, ownership, self._look, self._have_commands, say
        )
        self._owner = Owner("queues")
        self.behaviour = TeamQueueBehaviour(queues, self._have_commands)

    def told(
        self, tenant_id: UUID, effect: fx.NotifyTeamQueue | fx.NotifyAgentCapacity, thread_id: UUID
    ) -> None:
        """What a step of the thread means for queues; it is committed."""
        match effect:
            case fx.NotifyTeamQueue(team=team, waiting=waits):
                message = Waiting(tenant_id, team, thread_id, waits)
                self._send(kinds.team_queue(tenant_id, team), message)
            case fx.NotifyAgentCapacity(agent=agent):
                self._free_slots.freed(tenant_id, agent)
            case _:
                assert_never(effect)

    async def look_after(self) -> None:
        """What no message told of: agents who have gone, and queues whose hint was lost."""
        await self._sweep.look()

    def _look(self, queue: TeamQueueKey) -> None:
        self._send(kinds.team_queue(*queue), Look(*queue))

    def _send(self, address: Address, message: Waiting | Look) -> None:
        if self._ownership.epoch_of(address.key) is not None:
            self._tell_here(address, message)
        else:
            self._owner.offer(partial(self._tell, address, message), MOST_TOLD)

    def _have_commands(self, tenant_id: UUID, threads: Iterable[UUID]) -> None:
        addresses = [kinds.conversation(thread) for thread in threads]
        self._poke_here(addresses, tenant_id)
        others = [each for each in addresses if self._ownership.epoch_of(each.key) is None]
        if others:
            self._poke(others, tenant_id)

"""What nobody told a queue of: agents who went without a word, and queues whose hint was lost."""

from collections.abc import Callable, Sequence
from uuid import UUID

from niochat.actors.ownership import Ownership
from niochat.assignment.presences import Presences
from niochat.assignment.queues import Queue, Queues


class QueueSweep:
    """Looks after the tenants and queues whose actors live here. Raises ``Unavailable``: the next
    look finds the same.
    """

    def __init__(
        self,
        presences: Presences,
        queues: Queues,
        ownership: Ownership,
        tell: Callable[[Queue], None],
        poke: Callable[[UUID, Sequence[UUID]], None],
    ) -> None:
        self._presences = presences
        self._queues = queues
        self._ownership = ownership
        self._tell = tell
        self._poke = poke

    async def look(self) -> None:
        """Who was not seen is offline; who is offline gives back; who waits finds who is there."""
        shards = self._ownership.shards
        if not shards:
            return
        await self._presences.lapse(shards)
        gone = await self._queues.left_behind(shards)
        for tenant_id, threads in (await self._queues.give_back(gone)).items():
            self._poke(tenant_id, sorted(threads))
        for queue in await self._queues.forgotten(shards):
            self._tell(queue)

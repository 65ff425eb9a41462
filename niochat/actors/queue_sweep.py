"""What nobody told a queue of: agents who went without a word, and queues whose hint was lost."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from niochat.actors.ownership import Ownership
from niochat.assignment.presences import PresenceStore
from niochat.assignment.queues import QueueAssigner, TeamQueueKey
from niochat.live.passing import Passing, Presence


class QueueSweep:
    """Looks after the tenants and queues whose actors live here. Raises ``UnavailableError``: the next
    look finds the same.
    """

    def __init__(
        self,
        presences: PresenceStore,
        queues: QueueAssigner,
        ownership: Ownership,
        tell: Callable[[TeamQueueKey], None],
        poke: Callable[[UUID, Sequence[UUID]], None],
        say: Callable[[bytes], Awaitable[object]],
    ) -> None:
        """``say`` tells screens what passes."""
        self._presences = presences
        self._queues = queues
        self._ownership = ownership
        self._tell = tell
        self._poke = poke
        self._say = say

    async def look(self) -> None:
        """Who was not seen is offline; who is offline gives back; who waits finds who is there."""
        shards = self._ownership.shards
        if not shards:
            return
        for tenant_id, user_id in await self._presences.expire_unseen(shards):
            gone_away = Presence(user_id=user_id, state="offline", reason="lapsed")
            await self._say(Passing.of(tenant_id, gone_away).words())
        gone = await self._queues.find_offline_agents(shards)
        for tenant_id, threads in (await self._queues.return_unanswered(gone)).items():
            self._poke(tenant_id, sorted(threads))
        for queue in await self._queues.find_assignable_queues(shards):
            self._tell(queue)

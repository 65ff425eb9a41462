"""What nobody told a queue of: agents who went without a word, and queues whose hint was lost."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from niochat.actors.shard_ownership import ShardOwnership
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.live.ephemeral import FrameEnvelope, PresenceFrame


class TeamQueueSweeper:
    """Looks after the tenants and queues whose actors live here. Raises ``UnavailableError``: the
    next look finds the same.
    """

    def __init__(
        self,
        presences: PresenceStore,
        queues: QueueAssigner,
        ownership: ShardOwnership,
        tell: Callable[[TeamQueueKey], None],
        poke: Callable[[UUID, Sequence[UUID]], None],
        publish: Callable[[bytes], Awaitable[object]],
    ) -> None:
        """``say`` tells screens what passes."""
        self._presences = presences
        self._queues = queues
        self._ownership = ownership
        self._tell = tell
        self._poke = poke
        self._publish = publish

    async def sweep(self) -> None:
        """Who was not seen is offline; who is offline gives back; who waits finds who is there."""
        shards = self._ownership.active_shards
        if not shards:
            return
        for tenant_id, user_id in await self._presences.expire_unseen(shards):
            gone_away = PresenceFrame(user_id=user_id, state="offline", reason="lapsed")
            await self._publish(FrameEnvelope.wrap(tenant_id, gone_away).encode())
        gone = await self._queues.find_offline_agents(shards)
        for tenant_id, threads in (await self._queues.return_unanswered(gone)).items():
            self._poke(tenant_id, sorted(threads))
        for queue in await self._queues.find_assignable_queues(shards):
            self._tell(queue)

"""The sweep of team queues: agents who went offline unnoticed, and queues whose notice was lost."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from niochat.actors.shard_ownership import ShardOwnership
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.live.ephemeral_frames import FrameEnvelope, PresenceFrame


class TeamQueueSweeper:
    """Sweeps the tenants and queues whose actors live on this host."""

    def __init__(
        self,
        presences: PresenceStore,
        queues: QueueAssigner,
        ownership: ShardOwnership,
        notify: Callable[[TeamQueueKey], None],
        poke: Callable[[UUID, Sequence[UUID]], None],
        publish: Callable[[bytes], Awaitable[object]],
    ) -> None:
        """``publish`` sends frames to screens."""
        self._presences = presences
        self._queues = queues
        self._ownership = ownership
        self._notify = notify
        self._poke = poke
        self._publish = publish

    async def sweep(self) -> None:
        """Sets unseen agents offline, returns the unanswered conversations of offline agents, and
        notifies queues that can assign. Raises ``UnavailableError``; the next sweep repeats it.
        """
        shards = self._ownership.active_shards
        if not shards:
            return
        for tenant_id, user_id in await self._presences.expire_unseen(shards):
            frame = PresenceFrame(user_id=user_id, state="offline", reason="lapsed")
            await self._publish(FrameEnvelope.wrap(tenant_id, frame).encode())
        offline = await self._queues.find_offline_agents(shards)
        for tenant_id, threads in (await self._queues.return_unanswered(offline)).items():
            self._poke(tenant_id, sorted(threads))
        for queue in await self._queues.find_assignable_queues(shards):
            self._notify(queue)

"""Routes messages between this host, the team queues' actors on any host, and conversations."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, assert_never
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.actors.shard_ownership import ShardOwnership
from niochat.actors.team_queues.capacity_notifier import CapacityNotifier
from niochat.actors.team_queues.team_queue_actor import (
    QueueAssignRequest,
    TeamQueueBehaviour,
    ThreadWaitingChange,
)
from niochat.actors.team_queues.team_queue_sweep import TeamQueueSweeper
from niochat.adapters.postgres.database import Database
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.domain.conversation import effects as fx
from niochat.runtime.address import ActorAddress
from niochat.runtime.background_tasks import BackgroundTaskSet

MAX_REMOTE_TELLS = 1000
"""Messages to queues of other hosts in flight. Further ones are dropped; the sweep makes up for
them.
"""

TellActor = Callable[[ActorAddress, object], Coroutine[Any, Any, None]]
TellLocalActor = Callable[[ActorAddress, object], None]
PokeActors = Callable[[Iterable[ActorAddress], UUID | None], None]


class TeamQueueRouter:
    """Sends messages to team queues, provides their behaviour and sweeps them."""

    def __init__(
        self,
        database: Database,
        ownership: ShardOwnership,
        tell_local: TellLocalActor,
        tell: TellActor,
        poke_local: PokeActors,
        poke: PokeActors,
        publish: Callable[[bytes], Awaitable[object]],
    ) -> None:
        """``tell_local`` and ``poke_local`` reach this host's actors, ``tell`` and ``poke`` those
        of other hosts. ``publish`` sends frames to screens.
        """
        self._ownership = ownership
        self._tell_local, self._tell = tell_local, tell
        self._poke_local, self._poke = poke_local, poke
        queues = QueueAssigner(database)
        self._capacity_notifier = CapacityNotifier(queues, self._request_assignment)
        self._sweep = TeamQueueSweeper(
            PresenceStore(database),
            queues,
            ownership,
            self._request_assignment,
            self._poke_threads,
            publish,
        )
        self._background = BackgroundTaskSet("queues")
        self.behaviour = TeamQueueBehaviour(queues, self._poke_threads)

    def route_effect(
        self,
        tenant_id: UUID,
        effect: fx.NotifyTeamQueueEffect | fx.NotifyAgentCapacityEffect,
        thread_id: UUID,
    ) -> None:
        """Passes a committed effect of a thread's step to the queues."""
        match effect:
            case fx.NotifyTeamQueueEffect(team=team, waiting=waiting):
                message = ThreadWaitingChange(tenant_id, team, thread_id, waiting)
                self._send(actor_addresses.team_queue_address(tenant_id, team), message)
            case fx.NotifyAgentCapacityEffect(agent=agent):
                self._capacity_notifier.notify_freed(tenant_id, agent)
            case _:
                assert_never(effect)

    async def sweep(self) -> None:
        """Handles agents who went offline unnoticed, and queues whose notice was lost."""
        await self._sweep.sweep()

    def _request_assignment(self, queue: TeamQueueKey) -> None:
        self._send(actor_addresses.team_queue_address(*queue), QueueAssignRequest(*queue))

    def _send(
        self, address: ActorAddress, message: ThreadWaitingChange | QueueAssignRequest
    ) -> None:
        if self._ownership.active_epoch(address.key) is not None:
            self._tell_local(address, message)
        else:
            self._background.try_start(partial(self._tell, address, message), MAX_REMOTE_TELLS)

    def _poke_threads(self, tenant_id: UUID, threads: Iterable[UUID]) -> None:
        addresses = [actor_addresses.conversation_address(thread) for thread in threads]
        self._poke_local(addresses, tenant_id)
        others = [each for each in addresses if self._ownership.active_epoch(each.key) is None]
        if others:
            self._poke(others, tenant_id)

"""What follows from a change of presence: what somebody leaves is given back, queues look."""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.domain.errors import NiochatError

_log = structlog.get_logger(__name__)

PokeThreads = Callable[[UUID, Sequence[UUID]], None]
"""(tenant, threads)."""


class PresenceChangeHandler:
    """Does at once what a sweep would do within seconds."""

    def __init__(
        self, queues: QueueAssigner, poke: PokeThreads, tell: Callable[[TeamQueueKey], None]
    ) -> None:
        self._queues = queues
        self._poke = poke
        self._tell = tell

    async def handle_change(self, tenant_id: UUID, user_id: UUID) -> None:
        """An agent's presence or capacity is another one; committed before this."""
        agent = [(tenant_id, user_id)]
        try:
            for tenant, threads in (await self._queues.return_unanswered(agent)).items():
                self._poke(tenant, sorted(threads))
            for queue in await self._queues.find_queues_for_agents(agent):
                self._tell(queue)
        except NiochatError as error:
            _log.warning("presence_change_put_off", code=error.code)

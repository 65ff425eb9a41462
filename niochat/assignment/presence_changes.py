"""Reacts to presence changes: returns conversations of agents who left and wakes team queues."""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.domain.errors import NiochatError

_log = structlog.get_logger(__name__)

PokeThreads = Callable[[UUID, Sequence[UUID]], None]
"""Wakes the actors of a tenant's threads."""


class PresenceChangeHandler:
    """Does at once what the sweep would do seconds later."""

    def __init__(
        self, queues: QueueAssigner, poke: PokeThreads, notify: Callable[[TeamQueueKey], None]
    ) -> None:
        self._queues = queues
        self._poke = poke
        self._notify = notify

    async def handle_change(self, tenant_id: UUID, user_id: UUID) -> None:
        """Called after an agent's presence or capacity was changed and committed."""
        agent = [(tenant_id, user_id)]
        try:
            for tenant, threads in (await self._queues.return_unanswered(agent)).items():
                self._poke(tenant, sorted(threads))
            for queue in await self._queues.find_queues_for_agents(agent):
                self._notify(queue)
        except NiochatError as error:
            _log.warning("presence_change_postponed", code=error.code)

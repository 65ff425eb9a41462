"""What follows from a change of presence: what somebody leaves is given back, queues look."""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from niochat.assignment.queues import Queue, Queues
from niochat.domain.errors import NiochatError

_log = structlog.get_logger(__name__)

Poke = Callable[[UUID, Sequence[UUID]], None]
"""(tenant, threads)."""


class PresenceChanges:
    """Does at once what a sweep would do within seconds."""

    def __init__(self, queues: Queues, poke: Poke, tell: Callable[[Queue], None]) -> None:
        self._queues = queues
        self._poke = poke
        self._tell = tell

    async def changed(self, tenant_id: UUID, user_id: UUID) -> None:
        """An agent's presence or capacity is another one; committed before this."""
        agent = [(tenant_id, user_id)]
        try:
            for tenant, threads in (await self._queues.give_back(agent)).items():
                self._poke(tenant, sorted(threads))
            for queue in await self._queues.of_agents(agent):
                self._tell(queue)
        except NiochatError as error:
            _log.warning("presence_change_put_off", code=error.code)

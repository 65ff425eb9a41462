"""Notifies the team queues of agents with free capacity, in one query for many agents."""

from collections.abc import Callable
from uuid import UUID

import structlog

from niochat.assignment.agent_presence import AgentKey
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.domain.errors import NiochatError
from niochat.runtime.coalescer import Coalescer

_log = structlog.get_logger(__name__)

BATCH_INTERVAL_S = 0.005
"""Agents whose capacity becomes free within this time share one query."""
MAX_PENDING_AGENTS = 10_000


class CapacityNotifier:
    """Collects agents, finds their queues and notifies them. The sweep makes up for losses."""

    def __init__(self, queues: QueueAssigner, notify: Callable[[TeamQueueKey], None]) -> None:
        self._queues = queues
        self._notify = notify
        self._agents: set[AgentKey] = set()
        self._coalescer = Coalescer(self._notify_queues, BATCH_INTERVAL_S)

    def notify_freed(self, tenant_id: UUID, agent: str) -> None:
        """Notes an agent and returns at once. Agents that are no users, which the command line
        allows, are ignored.
        """
        try:
            user = UUID(agent)
        except ValueError:
            return
        if len(self._agents) < MAX_PENDING_AGENTS:
            self._agents.add((tenant_id, user))
        self._coalescer.trigger()

    async def _notify_queues(self) -> None:
        agents, self._agents = self._agents, set()
        if not agents:
            return
        try:
            for queue in await self._queues.find_queues_for_agents(agents):
                self._notify(queue)
        except NiochatError as error:
            _log.warning("capacity_notice_failed", agents=len(agents), code=error.code)

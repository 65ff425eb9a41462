"""An agent has room again: all queues that could use it are told, many agents in one journey."""

from collections.abc import Callable
from uuid import UUID

import structlog

from niochat.assignment.agent_presence import AgentKey
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.domain.errors import NiochatError
from niochat.runtime.coalescer import Coalescer

_log = structlog.get_logger(__name__)

BATCH_INTERVAL_S = 0.005
"""Agents that get room within it are one journey."""
MAX_PENDING_AGENTS = 10_000


class CapacityNotifier:
    """Collects agents, looks up their queues and tells them. What is lost is swept."""

    def __init__(self, queues: QueueAssigner, tell: Callable[[TeamQueueKey], None]) -> None:
        self._queues = queues
        self._tell = tell
        self._agents: set[AgentKey] = set()
        self._coalescer = Coalescer(self._notify_queues, BATCH_INTERVAL_S)

    def notify_freed(self, tenant_id: UUID, agent: str) -> None:
        """Returns at once. Who is no user of ours, as on a command line, is nobody's agent."""
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
                self._tell(queue)
        except NiochatError as error:
            _log.warning("free_slots_not_told", agents=len(agents), code=error.code)

"""Assigns waiting conversations to agents. An assignment is one transaction that stores a command
for each conversation.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.assignment.agent_presence import PRESENCE_GRACE_S, AgentKey

_SQL = queries("assignment")

MAX_ASSIGNMENTS = 200
"""Conversations that one statement assigns at most."""

TeamQueueKey = tuple[UUID, str]
"""Tenant and team slug."""


@dataclass(frozen=True, slots=True)
class AssignmentResult:
    """Threads and their agents, in order of assignment. ``room`` is the free capacity that
    remains.
    """

    assignments: tuple[tuple[UUID, UUID], ...]
    room: int

    @property
    def threads(self) -> list[UUID]:
        """The assigned threads."""
        return [thread for thread, _ in self.assignments]


class QueueAssigner:
    """Assigns conversations, and returns those of agents who left. All methods raise
    ``UnavailableError``.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def assign(
        self, tenant_id: UUID, team: str, most: int = MAX_ASSIGNMENTS
    ) -> AssignmentResult:
        """Assigns the conversations that waited longest to agents with free capacity, in the team's
        assignment mode. The commands are committed on return; each thread's next step executes its
        own.
        """
        async with self._database.as_system() as connection:
            rows = await self._database.fetch_autocommit(
                connection, _SQL["assign"], tenant_id, team, PRESENCE_GRACE_S, most
            )
        answer = rows[0][0]
        assigned = tuple((UUID(thread), UUID(agent)) for thread, agent in answer["assigned"])
        return AssignmentResult(assigned, answer["room"])

    async def find_queues_for_agents(self, agents: Collection[AgentKey]) -> list[TeamQueueKey]:
        """Returns the queues that have waiting conversations for these agents."""
        tenants, users = zip(*agents, strict=True)
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["queues_of"], list(tenants), list(users))
        return [(row["tenant_id"], row["team"]) for row in rows]

    async def find_assignable_queues(self, shards: Sequence[int]) -> list[TeamQueueKey]:
        """Returns queues of these shards with waiting conversations and an online agent."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["queues"], list(shards), PRESENCE_GRACE_S)
        return [(row["tenant_id"], row["team"]) for row in rows]

    async def find_offline_agents(self, shards: Sequence[int]) -> list[AgentKey]:
        """Returns offline agents of these shards' tenants whose customers wait for an answer."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["offline_agents"], list(shards))
        return [(row["tenant_id"], row["user_id"]) for row in rows]

    async def return_unanswered(self, agents: Collection[AgentKey]) -> Mapping[UUID, set[UUID]]:
        """Stores commands that return these agents' unanswered conversations to their teams, once
        for each; returns the threads by tenant.
        """
        if not agents:
            return {}
        tenants, users = zip(*agents, strict=True)
        async with self._database.as_system() as connection:
            rows = await self._database.fetch_autocommit(
                connection, _SQL["return_unanswered"], list(tenants), list(users)
            )
        threads: defaultdict[UUID, set[UUID]] = defaultdict(set)
        for row in rows:
            threads[row["tenant_id"]].add(row["thread_id"])
        return threads

"""What teams' queues give to whom: each assignment is one transaction, and a command."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.assignment.agent_presence import PRESENCE_GRACE_S, AgentKey

_SQL = queries("assignment")

MAX_ASSIGNMENTS = 200
"""Conversations in one statement."""

TeamQueueKey = tuple[UUID, str]
"""(tenant, team)."""


@dataclass(frozen=True, slots=True)
class AssignmentResult:
    """Threads that have a command which gives them to an agent, the first one first; ``room`` is
    how many more would have found one.
    """

    assignments: tuple[tuple[UUID, UUID], ...]
    room: int

    @property
    def threads(self) -> list[UUID]:
        """Without the agents."""
        return [thread for thread, _ in self.assignments]


class QueueAssigner:
    """Gives away, and takes back from who has gone. Raises ``UnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def assign(
        self, tenant_id: UUID, team: str, most: int = MAX_ASSIGNMENTS
    ) -> AssignmentResult:
        """Those who waited longest to who has room, by the team's way. Committed when it returns;
        each thread's next step does it.
        """
        async with self._database.as_system() as connection:
            rows = await self._database.fetch_autocommit(
                connection, _SQL["assign"], tenant_id, team, PRESENCE_GRACE_S, most
            )
        answer = rows[0][0]
        given = tuple((UUID(thread), UUID(agent)) for thread, agent in answer["assigned"])
        return AssignmentResult(given, answer["room"])

    async def find_queues_for_agents(self, agents: Collection[AgentKey]) -> list[TeamQueueKey]:
        """Queues that could give these agents something."""
        tenants, users = zip(*agents, strict=True)
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["queues_of"], list(tenants), list(users))
        return [(row["tenant_id"], row["team"]) for row in rows]

    async def find_assignable_queues(self, shards: Sequence[int]) -> list[TeamQueueKey]:
        """Queues of these shards in which somebody waits though somebody is there."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["queues"], list(shards), PRESENCE_GRACE_S)
        return [(row["tenant_id"], row["team"]) for row in rows]

    async def find_offline_agents(self, shards: Sequence[int]) -> list[AgentKey]:
        """Agents of these shards' tenants who are offline while a customer of theirs waits."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["offline_agents"], list(shards))
        return [(row["tenant_id"], row["user_id"]) for row in rows]

    async def return_unanswered(self, agents: Collection[AgentKey]) -> Mapping[UUID, set[UUID]]:
        """What these agents left unanswered goes to their teams, once: threads by tenant that have
        a command for it.
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

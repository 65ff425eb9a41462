"""A provider with a team, its agents, and customers who wait for them."""

from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.queue_assignment import QueueAssigner
from niochat.domain.conversation import commands as cmd
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.presence import AgentPresenceState
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.builders import SENT_AT, ChannelRef, Host, RowBuilder, ShardAssignments, insert_commands

PRODUCT = AuditActor(AuditActorKind.PRODUCT, "tests", "")
TEAM = "atendimento"
HELLO = MessageContent(MessageKind.TEXT, "oi")
_numbers = count(1)


@dataclass
class AssignmentScenario:
    """Works on rows, as the product leaves them."""

    database: Database
    given: RowBuilder
    host: Host
    place: ChannelRef
    team: str = TEAM
    names: dict[UUID, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.queues = QueueAssigner(self.database)
        self.presences = PresenceStore(self.database)

    @classmethod
    async def open(
        cls,
        database: Database,
        given: RowBuilder,
        ownership: ShardAssignments,
        assignment: str = "round_robin",
        **policy: object,
    ) -> "AssignmentScenario":
        """One where the queue assigns."""
        host = Host("host-a:1", database)
        await ownership.assign_all(host)
        place = await given.place(**policy)
        scenario = cls(database, given, host, place)
        await scenario.set_assignment_mode(assignment)
        return scenario

    async def set_assignment_mode(self, how: str, team: str = TEAM) -> None:
        await self.given.admin.execute(
            "INSERT INTO teams (tenant_id, slug, name, assignment) VALUES ($1, $2, $2, $3)"
            " ON CONFLICT (tenant_id, slug) DO UPDATE SET assignment = $3",
            self.place.tenant,
            team,
            how,
        )

    async def add_agent(
        self, capacity: int | None = None, *teams: str, state: str = "online"
    ) -> UUID:
        """Somebody of the teams (the usual one) who is there."""
        number = next(_numbers)
        user: UUID = await self.given.admin.fetchval(
            "INSERT INTO users (tenant_id, login, name, role) VALUES ($1, $2, $2, 'agent')"
            " RETURNING id",
            self.place.tenant,
            f"agente-{number}@example.com",
        )
        for team in teams or (self.team,):
            await self.given.admin.execute(
                "INSERT INTO team_members VALUES ($1, $2, $3)", self.place.tenant, team, user
            )
        await self.set_presence(user, state)
        if capacity is not None:
            await self.presences.override_presence(
                self.place.tenant, user, PRODUCT, offline=False, capacity=capacity
            )
        return user

    async def set_presence(self, user: UUID, state: str, reason: str = "") -> None:
        await self.presences.set_own_state(
            self.place.tenant, user, AgentPresenceState(state), reason, PRODUCT
        )

    async def add_waiting_customer(self, team: str = TEAM, **columns: object) -> UUID:
        """A customer who waits for the team; their thread. ``columns`` of the conversation."""
        thread = await self.given.thread(self.place)
        number = next(_numbers)
        message = cmd.ReceiveMessage(f"a{number}", HELLO, SENT_AT)
        await self.submit_commands(thread, message, cmd.TransferConversation("ana", team))
        for column, value in columns.items():
            await self.given.admin.execute(
                f"UPDATE conversations SET {column} = $2 WHERE thread_id = $1", thread, value
            )
            self.host.memory.pop(thread, None)
        return thread

    async def submit_commands(self, thread: UUID, *commands: cmd.DurableCommand) -> None:
        """What people do, and its step."""
        await insert_commands(self.host, self.place, thread, commands)
        await self.host.run(thread)

    async def assign(self, team: str = TEAM, most: int = 200) -> list[UUID]:
        """One look of the queue; the threads that it gave away, before their steps."""
        return (await self.queues.assign(self.place.tenant, team, most)).threads

    async def run_until_idle(self) -> None:
        """Steps of all threads that have something to do."""
        for thread in await self.given.rows(
            "SELECT DISTINCT thread_id FROM inbox WHERE processed_at IS NULL"
        ):
            await self.host.run(thread)

    async def holder(self, thread: UUID) -> str | None:
        """Who has it, if it is open."""
        async with self.database.as_system() as connection:
            agent = await connection.fetchval(
                "SELECT agent FROM conversations WHERE thread_id = $1 AND status = 'open'", thread
            )
        return str(agent) if agent is not None else None

    async def status(self, thread: UUID) -> tuple[str, str | None]:
        """Status and team."""
        row = await self.given.admin.fetchrow(
            "SELECT status, team FROM conversations WHERE thread_id = $1", thread
        )
        assert row is not None
        return row["status"], row["team"]

    async def loads(self) -> dict[UUID, tuple[int, int]]:
        """(load, capacity) of everybody."""
        rows = await self.presences.list_agents(self.place.tenant)
        return {row["user_id"]: (row["load"], row["capacity"]) for row in rows}

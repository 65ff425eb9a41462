"""A team queue under load: contacts arrive at a rate, and agents handle their conversations.

Times are measured between commits as this process sees them: from the commit of the step that
removed a conversation from an agent to the commit that assigned the next one.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from uuid import UUID

from niochat.actors.team_queues.team_queue_actor import ThreadWaitingChange
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.domain_json_codec import state_to_json
from niochat.adapters.postgres.queries import queries
from niochat.assignment.agent_presence import PresenceStore
from niochat.domain.conversation.commands import ResolveConversation
from niochat.domain.conversation.state import SCHEMA_VERSION, ConversationState, ConversationStatus
from niochat.domain.ids import ConversationId
from niochat.inbox.inbox_store import InboxStore
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")
_ASSIGN, _COMMIT = queries("assignment")["assign"], queries("conversation_step")["commit"]

TEAM = "atendimento"
_TICK_S = 0.01
_PRESENCE_INTERVAL_S = 10.0
_CHECK_INTERVAL_S = 0.1
_SPREAD = 97
_URGENT_LANE, _NORMAL_LANE = 0, 1
"""Lanes of contacts by priority."""


def thread_id_for(number: int) -> UUID:
    """The thread id as ``bench.sql`` derives it."""
    return UUID(md5(f"t{number}".encode(), usedforsecurity=False).hexdigest())


class TimedDatabase(Database):
    """A database that reports when an agent has free capacity, and when an assignment starts and
    commits.
    """

    def __init__(self, *pools: Any) -> None:
        super().__init__(*pools)
        self.freed: Callable[[str], None] = lambda agent: None
        self.assigning: Callable[[], Callable[[list[Any]], None]] = lambda: lambda assignments: None

    async def fetch_autocommit(
        self, connection: Connection, query: str, *values: object
    ) -> list[Any]:
        """Execute one statement; assignments and commits are reported."""
        on_committed = self.assigning() if query == _ASSIGN else None
        rows = await super().fetch_autocommit(connection, query, *values)
        if on_committed is not None:
            on_committed(rows[0][0]["assigned"])
        elif query == _COMMIT:
            self._report_freed_agents(values[2], rows[0][0])
        return rows

    def _report_freed_agents(self, steps: Any, committed_threads: list[UUID]) -> None:
        threads = set(committed_threads)
        for row in steps.get("advance", ()):
            if row["status"] == ConversationStatus.RESOLVED and row["thread_id"] in threads:
                self.freed(row["agent"])


@dataclass(frozen=True, slots=True)
class TeamQueueWorkloadSettings:
    """The number of contacts and agents, and their rates."""

    agents: int = 50
    capacity: int = 5
    per_s: int = 1000
    seconds: float = 5.0
    handling_s: float = 1.5
    """The average seconds from the assignment to the agent's click that ends the conversation. The
    actual time is 0.5 to 1.5 times this value, so that clicks are spread.
    """

    @property
    def people(self) -> int:
        """The number of contacts that arrive."""
        return int(self.per_s * self.seconds)


@dataclass(slots=True)
class TeamQueueMeasurement:
    """Measurements in milliseconds, and the results of the checks."""

    assigned: int = 0
    freed_to_assigned_ms: list[float] = field(default_factory=list)
    statement_ms: list[float] = field(default_factory=list)
    """The duration of each assignment statement."""
    arrived_s: float = 0.0
    """Seconds until all contacts had arrived."""
    above: list[tuple[int, int]] = field(default_factory=list)
    """(load, capacity) of agents above their capacity."""
    overtaken: int = 0
    """The number of assignments that skipped a contact who had arrived earlier."""


class TeamQueueWorkload:
    """One run on a tenant whose rows :func:`insert_agents_and_contacts` inserted."""

    def __init__(
        self,
        database: TimedDatabase,
        tenant: UUID,
        channel: UUID,
        settings: TeamQueueWorkloadSettings,
        tell: Callable[[ThreadWaitingChange], None],
        poke: Callable[[UUID], None],
    ) -> None:
        self._database, self._settings = database, settings
        self._tenant, self._channel = tenant, channel
        self._tell, self._poke = tell, poke
        self._inbox, self._presences = InboxStore(database), PresenceStore(database)
        self._freed: defaultdict[str, deque[float]] = defaultdict(deque)
        self._numbers: dict[str, int] = {}
        self._waiting: tuple[dict[int, None], dict[int, None]] = ({}, {})
        """Contacts by lane in the order of arrival: committed, and not assigned yet."""
        self._assigned: set[int] = set()
        self._clicks: set[asyncio.Task[None]] = set()
        self.measurement = TeamQueueMeasurement()
        database.freed, database.assigning = self._on_freed, self._on_assigning

    async def run(self) -> TeamQueueMeasurement:
        """Run until all contacts have arrived."""
        checks = asyncio.create_task(self._run_checks())
        try:
            started_at = time.perf_counter()
            await self._add_arrivals()
            self.measurement.arrived_s = time.perf_counter() - started_at
        finally:
            checks.cancel()
            for click in self._clicks:
                click.cancel()
            await asyncio.gather(checks, *self._clicks, return_exceptions=True)
        return self.measurement

    async def _add_arrivals(self) -> None:
        """Insert arrivals at the rate; those that a busy machine delayed are inserted with the next
        ones.
        """
        started_at, arrived = time.perf_counter(), 0
        while arrived < self._settings.people:
            await asyncio.sleep(_TICK_S)
            due = int((time.perf_counter() - started_at) * self._settings.per_s)
            if due > arrived:
                await self._insert_arrivals(arrived, min(due, self._settings.people))
                arrived = min(due, self._settings.people)

    async def _insert_arrivals(self, first: int, last: int) -> None:
        state = state_to_json(
            ConversationState(
                ConversationId(UUID(int=0)),
                "",
                ConversationStatus.WAITING,
                2,
                TEAM,
                unanswered=1,
                waits=True,
            )
        )
        threads = {number: thread_id_for(number) for number in range(first, last)}
        self._numbers |= {str(thread): number for number, thread in threads.items()}
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["insert_queue_arrivals"], self._tenant, SCHEMA_VERSION, first, last, state
            )
        for number, thread in threads.items():
            # it may be assigned before this process knows of its own commit
            if number not in self._assigned:
                self._waiting[_lane_for(number)][number] = None
            self._tell(ThreadWaitingChange(self._tenant, TEAM, thread, is_waiting=True))

    def _on_freed(self, agent: str) -> None:
        self._freed[agent].append(time.perf_counter())

    def _on_assigning(self) -> Callable[[list[Any]], None]:
        started_at = time.perf_counter()
        arrived = [next(reversed(lane), -1) for lane in self._waiting]

        def on_committed(assignments: list[Any]) -> None:
            now = time.perf_counter()
            self.measurement.statement_ms.append((now - started_at) * 1000)
            for thread, agent in assignments:
                self._on_assigned(thread, agent, now)
            if assignments:
                self._check_order(self._numbers[assignments[-1][0]], arrived)

        return on_committed

    def _on_assigned(self, thread: str, agent: str, now: float) -> None:
        number = self._numbers[thread]
        self._assigned.add(number)
        self._waiting[_lane_for(number)].pop(number, None)
        self.measurement.assigned += 1
        if self._freed[agent]:
            self.measurement.freed_to_assigned_ms.append(
                (now - self._freed[agent].popleft()) * 1000
            )
        click = asyncio.create_task(self._handle(UUID(thread), agent))
        self._clicks.add(click)
        click.add_done_callback(self._clicks.discard)

    def _check_order(self, last: int, arrived: list[int]) -> None:
        """Check that no waiting contact had arrived before the last assigned one."""
        for lane in range(_lane_for(last) + 1):
            oldest = next(iter(self._waiting[lane]), None)
            before = arrived[lane] if lane < _lane_for(last) else min(arrived[lane], last)
            if oldest is not None and oldest <= before:
                self.measurement.overtaken += 1

    async def _handle(self, thread: UUID, agent: str) -> None:
        spread = self._numbers[str(thread)] % _SPREAD / _SPREAD
        await asyncio.sleep(self._settings.handling_s * (0.5 + spread))
        command = ResolveConversation(agent)
        await self._inbox.store_command(
            self._tenant, thread, self._channel, f"click:{thread}", command
        )
        self._poke(thread)

    async def _run_checks(self) -> None:
        seen_at = time.monotonic()
        while True:
            await asyncio.sleep(_CHECK_INTERVAL_S)
            loads = [(row["load"], row["capacity"]) for row in await self.list_loads()]
            self.measurement.above += [each for each in loads if each[0] > each[1]]
            if time.monotonic() - seen_at > _PRESENCE_INTERVAL_S:
                seen_at = time.monotonic()
                agents = {(self._tenant, row["user_id"]) for row in await self.list_loads()}
                await self._presences.record_seen(agents)

    async def list_loads(self) -> list[dict[str, Any]]:
        """The ``load`` and ``capacity`` of all agents, from one snapshot."""
        return await self._presences.list_agents(self._tenant)


async def insert_agents_and_contacts(
    execute: Callable[..., Awaitable[object]],
    tenant: UUID,
    channel: UUID,
    settings: TeamQueueWorkloadSettings,
) -> None:
    """Insert the agents, and the contacts that will arrive; ``execute`` runs as superuser."""
    for query in ("insert_contacts", "insert_threads"):
        await execute(_SQL[query], tenant, channel, 0, settings.people)
    await execute(_SQL["enable_team_queue"], tenant, "balanced")
    await execute(_SQL["insert_queue_agents"], tenant, settings.agents, settings.capacity)


def _lane_for(number: int) -> int:
    return _NORMAL_LANE if number % 10 else _URGENT_LANE

"""A queue under load: people come at a rate, agents handle what they are given, all is timed.

Times are from commit to commit, as this process saw them: from the answer to the commit of the step
that took a conversation from an agent, to the answer to the commit that gave them the next one.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from uuid import UUID

from niochat.actors.team_queues.team_queue_actor import QueueWaitNotice
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.json_codec import state_to_json
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
"""Lanes of people, by what comes first."""


def thread_id_for(number: int) -> UUID:
    """As `bench.sql` names them."""
    return UUID(md5(f"t{number}".encode(), usedforsecurity=False).hexdigest())


class TimedDatabase(Database):
    """Tells when an agent's place was freed, and when an assignment begins and has committed."""

    def __init__(self, *pools: Any) -> None:
        super().__init__(*pools)
        self.freed: Callable[[str], None] = lambda agent: None
        self.assigning: Callable[[], Callable[[list[Any]], None]] = lambda: lambda given: None

    async def fetch_autocommit(
        self, connection: Connection, query: str, *values: object
    ) -> list[Any]:
        """One statement; these two are looked at."""
        done = self.assigning() if query == _ASSIGN else None
        rows = await super().fetch_autocommit(connection, query, *values)
        if done is not None:
            done(rows[0][0]["assigned"])
        elif query == _COMMIT:
            self._report_freed_agents(values[2], rows[0][0])
        return rows

    def _report_freed_agents(self, steps: Any, won: list[UUID]) -> None:
        threads = set(won)
        for row in steps.get("advance", ()):
            if row["status"] == ConversationStatus.RESOLVED and row["thread_id"] in threads:
                self.freed(row["agent"])


@dataclass(frozen=True, slots=True)
class TeamQueueWorkloadSettings:
    """How many come and who is there."""

    agents: int = 50
    capacity: int = 5
    per_s: int = 1000
    seconds: float = 5.0
    handling_s: float = 1.5
    """From being given a conversation to the agent's click that ends it: from half to one and a
    half of it, so that clicks do not come together.
    """

    @property
    def people(self) -> int:
        """All who come."""
        return int(self.per_s * self.seconds)


@dataclass(slots=True)
class TeamQueueMeasurement:
    """What was measured and checked; milliseconds."""

    assigned: int = 0
    freed_to_assigned_ms: list[float] = field(default_factory=list)
    statement_ms: list[float] = field(default_factory=list)
    """Of each assignment."""
    arrived_s: float = 0.0
    """How long it took until all had come."""
    above: list[tuple[int, int]] = field(default_factory=list)
    """(load, capacity) of agents who had more than they may."""
    overtaken: int = 0
    """Assignments that left somebody waiting who came first."""


class TeamQueueWorkload:
    """One run on a tenant whose rows `prepare` wrote."""

    def __init__(
        self,
        database: TimedDatabase,
        tenant: UUID,
        channel: UUID,
        plan: TeamQueueWorkloadSettings,
        tell: Callable[[QueueWaitNotice], None],
        poke: Callable[[UUID], None],
    ) -> None:
        self._database, self._plan = database, plan
        self._tenant, self._channel = tenant, channel
        self._tell, self._poke = tell, poke
        self._inbox, self._presences = InboxStore(database), PresenceStore(database)
        self._freed: defaultdict[str, deque[float]] = defaultdict(deque)
        self._numbers: dict[str, int] = {}
        self._waiting: tuple[dict[int, None], dict[int, None]] = ({}, {})
        """By lane, in the order of coming; what was committed and not given yet."""
        self._given: set[int] = set()
        self._clicks: set[asyncio.Task[None]] = set()
        self.measurement = TeamQueueMeasurement()
        database.freed, database.assigning = self._on_freed, self._on_assigning

    async def run(self) -> TeamQueueMeasurement:
        """People come, agents handle; until all have come."""
        looking = asyncio.create_task(self._run_checks())
        try:
            begun = time.perf_counter()
            await self._add_arrivals()
            self.measurement.arrived_s = time.perf_counter() - begun
        finally:
            looking.cancel()
            for click in self._clicks:
                click.cancel()
            await asyncio.gather(looking, *self._clicks, return_exceptions=True)
        return self.measurement

    async def _add_arrivals(self) -> None:
        """At the rate: whoever is late because the machine was comes with the next ones."""
        begun, come = time.perf_counter(), 0
        while come < self._plan.people:
            await asyncio.sleep(_TICK_S)
            due = int((time.perf_counter() - begun) * self._plan.per_s)
            if due > come:
                await self._insert_arrivals(come, min(due, self._plan.people))
                come = min(due, self._plan.people)

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
        coming = {number: thread_id_for(number) for number in range(first, last)}
        self._numbers |= {str(thread): number for number, thread in coming.items()}
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["insert_queue_arrivals"], self._tenant, SCHEMA_VERSION, first, last, state
            )
        for number, thread in coming.items():
            if number not in self._given:  # before we heard of our own commit
                self._waiting[_lane_for(number)][number] = None
            self._tell(QueueWaitNotice(self._tenant, TEAM, thread, is_waiting=True))

    def _on_freed(self, agent: str) -> None:
        self._freed[agent].append(time.perf_counter())

    def _on_assigning(self) -> Callable[[list[Any]], None]:
        begun = time.perf_counter()
        come = [next(reversed(lane), -1) for lane in self._waiting]

        def done(given: list[Any]) -> None:
            now = time.perf_counter()
            self.measurement.statement_ms.append((now - begun) * 1000)
            for thread, agent in given:
                self._on_assigned(thread, agent, now)
            if given:
                self._check_order(self._numbers[given[-1][0]], come)

        return done

    def _on_assigned(self, thread: str, agent: str, now: float) -> None:
        number = self._numbers[thread]
        self._given.add(number)
        self._waiting[_lane_for(number)].pop(number, None)
        self.measurement.assigned += 1
        if self._freed[agent]:
            self.measurement.freed_to_assigned_ms.append(
                (now - self._freed[agent].popleft()) * 1000
            )
        click = asyncio.create_task(self._handle(UUID(thread), agent))
        self._clicks.add(click)
        click.add_done_callback(self._clicks.discard)

    def _check_order(self, last: int, come: list[int]) -> None:
        """Nobody who had come before it began comes before the last of whom it gave."""
        for lane in range(_lane_for(last) + 1):
            oldest = next(iter(self._waiting[lane]), None)
            before = come[lane] if lane < _lane_for(last) else min(come[lane], last)
            if oldest is not None and oldest <= before:
                self.measurement.overtaken += 1

    async def _handle(self, thread: UUID, agent: str) -> None:
        spread = self._numbers[str(thread)] % _SPREAD / _SPREAD
        await asyncio.sleep(self._plan.handling_s * (0.5 + spread))
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
        """Everybody's `load` and `capacity`, by one snapshot."""
        return await self._presences.list_agents(self._tenant)


async def insert_agents_and_contacts(
    execute: Callable[..., Awaitable[object]],
    tenant: UUID,
    channel: UUID,
    plan: TeamQueueWorkloadSettings,
) -> None:
    """Agents and people who have not come yet; `execute` is the superuser's."""
    for query in ("insert_contacts", "insert_threads"):
        await execute(_SQL[query], tenant, channel, 0, plan.people)
    await execute(_SQL["enable_team_queue"], tenant, "balanced")
    await execute(_SQL["insert_queue_agents"], tenant, plan.agents, plan.capacity)


def _lane_for(number: int) -> int:
    return _NORMAL_LANE if number % 10 else _URGENT_LANE

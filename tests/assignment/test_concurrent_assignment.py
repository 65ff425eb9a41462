"""Several at once: queues, incarnations of one queue, agents who come and go. The rows decide."""

import asyncio
import random
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from tests.assignment.assignment_scenario import TEAM, AssignmentScenario
from tests.builders import Admin, RowBuilder, ShardAssignments, open_connection
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest_asyncio.fixture
async def scenario(
    database_url: str, given: RowBuilder, ownership: ShardAssignments
) -> AssignmentScenario:
    database = await Database.open(database_url, size=8)
    return await AssignmentScenario.open(database, given, ownership)


WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def blocked(admin: Admin, number: int) -> None:
    """Until so many sessions wait for a lock."""

    async def waiting() -> bool:
        return int(await admin.fetchval(WAITERS)) >= number

    await wait_until(waiting)


@pytest.mark.parametrize("table", ["teams", "presences"])
async def test_two_that_began_together_give_no_more_than_one_would(
    scenario: AssignmentScenario, admin_url: str, table: str
) -> None:
    """Both have begun before either sees anything: what counts is seen behind the locks."""
    await scenario.set_assignment_mode("balanced", "vendas")
    ana = await scenario.add_agent(3, TEAM, "vendas")
    for team in (TEAM, "vendas") * 4:
        await scenario.add_waiting_customer(team)
    other = await open_connection(admin_url)
    async with other.transaction():
        await other.execute(
            f"SELECT FROM {table} WHERE tenant_id = $1 FOR UPDATE", scenario.place.tenant
        )
        teams = (TEAM, TEAM) if table == "teams" else (TEAM, "vendas")
        tasks = [asyncio.create_task(scenario.assign(team)) for team in teams]
        await blocked(scenario.given.admin, 2)
    given = [thread for task in tasks for thread in await task]
    await other.close()

    assert len(given) == len(set(given)) == 3
    assert await scenario.given.count("inbox", "dedupe_key LIKE 'assign:%'") == 3
    assert (await scenario.loads())[ana] == (3, 3)


async def test_who_went_on_a_pause_while_a_queue_waited_for_them_gets_nothing(
    scenario: AssignmentScenario, admin_url: str
) -> None:
    ana = await scenario.add_agent(3)
    await scenario.add_waiting_customer()
    other = await open_connection(admin_url)
    async with other.transaction():
        await other.execute("UPDATE presences SET state = 'away' WHERE user_id = $1", ana)
        looking = asyncio.create_task(scenario.assign())
        await blocked(scenario.given.admin, 1)
    await other.close()

    assert await looking == []


@dataclass
class RandomEvents:
    """What people, agents and several incarnations of two queues do, many things at once."""

    scenario: AssignmentScenario
    chance: random.Random
    agents: list[UUID]
    threads: list[UUID]

    def __post_init__(self) -> None:
        self._locks = {thread: asyncio.Lock() for thread in self.threads}

    async def something(self) -> None:
        deeds = (
            self.step,
            self.step,
            self.resolve,
            self.transfer,
            self.come_or_go,
            self.assign,
            self.assign,
            self.give_back,
            self.never_above,
        )
        await self.chance.choice(deeds)()

    async def step(self) -> None:
        thread = self.chance.choice(self.threads)
        async with self._locks[thread]:  # a host steps a thread once at a time
            await self.scenario.host.run(thread)

    async def resolve(self) -> None:
        await self._if_open(cmd.ResolveConversation("somebody"))

    async def transfer(self) -> None:
        await self._if_open(cmd.TransferConversation("somebody", self._team()))

    async def come_or_go(self) -> None:
        state = self.chance.choice(("online", "away", "offline"))
        await self.scenario.set_presence(self.chance.choice(self.agents), state)

    async def assign(self) -> None:
        await self.scenario.assign(self._team())

    async def give_back(self) -> None:
        tenant = self.scenario.place.tenant
        await self.scenario.queues.return_unanswered([(tenant, each) for each in self.agents])

    async def never_above(self) -> None:
        loads = (await self.scenario.loads()).values()
        assert all(load <= capacity for load, capacity in loads)

    async def ends(self) -> None:
        """All agents are there and answer: nobody is left."""
        for agent in self.agents:
            await self.scenario.set_presence(agent, "online")
        for _ in self.threads:
            await self.scenario.run_until_idle()
            await self.scenario.assign()
            await self.scenario.assign("vendas")
            await self.scenario.run_until_idle()
            await self.never_above()
            for thread in self.threads:
                if await self.scenario.holder(thread) is not None:
                    await self.scenario.submit_commands(thread, cmd.ResolveConversation("somebody"))
        assert await self.scenario.given.count("conversations", "status <> 'resolved'") == 0

    async def _if_open(self, command: cmd.DurableCommand) -> None:
        thread = self.chance.choice(self.threads)
        async with self._locks[thread]:
            if await self.scenario.holder(thread) is not None:
                await self.scenario.submit_commands(thread, command)

    def _team(self) -> str:
        return self.chance.choice((TEAM, "vendas"))


@pytest.mark.parametrize("seed", range(4))
async def test_capacity_holds_and_nobody_is_lost_whatever_happens_at_once(
    scenario: AssignmentScenario, seed: int
) -> None:
    chance = random.Random(seed)
    await scenario.set_assignment_mode("balanced", "vendas")
    teams = ((TEAM,), ("vendas",), (TEAM, "vendas"), (TEAM, "vendas"))
    agents = [await scenario.add_agent(chance.randint(1, 3), *each) for each in teams]
    threads = [
        await scenario.add_waiting_customer(chance.choice((TEAM, "vendas"))) for _ in range(20)
    ]
    day = RandomEvents(scenario, chance, agents, threads)
    for _ in range(25):
        await asyncio.gather(*(day.something() for _ in range(8)))
        await day.never_above()
    await day.ends()

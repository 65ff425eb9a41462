"""A team's queue in hosts: told or not, it gives what waits to who has room."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.actors import actor_addresses
from niochat.actors.team_queues.team_queue_actor import (
    QueueAssignRequest,
    TeamQueueBehaviour,
    ThreadWaitingChange,
)
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.assignment.queue_assignment import QueueAssigner
from niochat.cluster.hosts.host_process import HostProcess
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import UnavailableError
from niochat.runtime.activation import Activation
from niochat.runtime.actor_runtime import ActorStep
from niochat.runtime.address import ActorAddress
from tests.assignment.assignment_scenario import TEAM, AssignmentScenario
from tests.builders import Host, RowBuilder, ShardAssignments, build_message, insert_commands
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]
ASSIGN = queries("assignment")["assign"]


@pytest_asyncio.fixture
async def scenario(
    cluster: InMemoryCluster, given: RowBuilder, ownership: ShardAssignments
) -> AssignmentScenario:
    """Of the provider. What it prepares, no host is told of."""
    host = Host("preparing:1", cluster.provider.database)
    await ownership.assign_all(host)
    scenario = AssignmentScenario(cluster.provider.database, given, host, cluster.provider.place)
    await scenario.set_assignment_mode("round_robin")
    return scenario


async def comes(core: HostProcess, scenario: AssignmentScenario, team: str = TEAM) -> UUID:
    """A customer whom a person sends to the team while the host works."""
    thread = await scenario.given.thread(scenario.place)
    await does(
        core, scenario, thread, build_message(f"m-{thread}"), cmd.TransferConversation("ana", team)
    )
    return thread


async def does(
    core: HostProcess, scenario: AssignmentScenario, thread: UUID, *commands: cmd.DurableCommand
) -> None:
    """As the API does it: rows, then a poke."""
    await insert_commands(scenario.host, scenario.place, thread, commands)
    core.poke([actor_addresses.conversation_address(thread)], scenario.place.tenant)


async def held(scenario: AssignmentScenario, thread: UUID, agent: UUID) -> None:
    """Returns once the agent has it."""

    async def reached() -> bool:
        return await scenario.holder(thread) == str(agent)

    await wait_until(reached)


async def waits(scenario: AssignmentScenario, thread: UUID) -> None:
    """Returns once it waits for a team."""

    async def reached() -> bool:
        return (
            await scenario.given.count(
                "conversations", "thread_id = $1 AND status = 'waiting'", thread
            )
            == 1
        )

    await wait_until(reached)


async def test_a_waiting_conversation_is_assigned_and_a_freed_slot_goes_to_the_next(
    cluster: InMemoryCluster, scenario: AssignmentScenario
) -> None:
    ana = await scenario.add_agent(1)
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    first, second = await comes(core, scenario), None
    await held(scenario, first, ana)
    second = await comes(core, scenario)
    third = await comes(core, scenario)
    for thread in (second, third):
        await waits(scenario, thread)

    await does(core, scenario, first, cmd.ResolveConversation(str(ana)))
    await held(scenario, second, ana)
    await does(core, scenario, second, cmd.TransferConversation(str(ana), agent="bia"))
    await held(scenario, third, ana)


async def test_a_place_freed_in_one_teams_conversation_serves_the_agents_other_team(
    cluster: InMemoryCluster, scenario: AssignmentScenario
) -> None:
    await scenario.set_assignment_mode("balanced", "vendas")
    ana = await scenario.add_agent(1, TEAM, "vendas")
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    first = await comes(core, scenario)
    await held(scenario, first, ana)
    other = await comes(core, scenario, "vendas")
    await waits(scenario, other)

    await does(core, scenario, first, cmd.ReturnConversationToAssistant(str(ana)))

    await held(scenario, other, ana)


async def test_a_queue_whose_hints_were_all_lost_is_found(
    cluster: InMemoryCluster, scenario: AssignmentScenario
) -> None:
    thread = await scenario.add_waiting_customer()
    ana = await scenario.add_agent()
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    assert await scenario.holder(thread) is None

    await core.sweep_queues()

    await held(scenario, thread, ana)


async def test_an_agent_who_comes_online_receives_waiting_conversations(
    cluster: InMemoryCluster, scenario: AssignmentScenario
) -> None:
    ana = await scenario.add_agent(state="away")
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    thread = await comes(core, scenario)
    await waits(scenario, thread)
    await scenario.set_presence(ana, "online")

    core.tell(
        actor_addresses.team_queue_address(scenario.place.tenant, TEAM),
        QueueAssignRequest(scenario.place.tenant, TEAM),
    )

    await held(scenario, thread, ana)


async def test_conversations_of_an_agent_who_vanished_go_to_another_agent(
    cluster: InMemoryCluster, scenario: AssignmentScenario
) -> None:
    ana = await scenario.add_agent(1)
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    thread = await comes(core, scenario)
    await held(scenario, thread, ana)
    bia = await scenario.add_agent(1)
    await scenario.given.admin.execute(
        "UPDATE presences SET seen_at = now() - interval '1 minute' WHERE user_id = $1", ana
    )

    await core.sweep_queues()

    await held(scenario, thread, bia)


async def test_queue_and_conversation_may_live_in_two_hosts(
    cluster: InMemoryCluster, scenario: AssignmentScenario
) -> None:
    """One host has the queue alone, the other one all else: each tells and pokes the other."""
    ana = await scenario.add_agent(1)
    pokes: list[ActorAddress] = []
    hosts: dict[str, HostProcess] = {}

    def poke(addresses: Iterable[ActorAddress], tenant_id: UUID | None) -> None:
        pokes.extend(addresses)
        hosts["b"].poke(addresses, tenant_id)

    hosts["a"] = await cluster.host("a", poke=poke)
    hosts["b"] = await cluster.host("b")
    await cluster.assign_shards(hosts["b"])
    shard = actor_addresses.team_queue_address(scenario.place.tenant, TEAM).shard
    async with scenario.database.as_system() as connection:
        await connection.fetch(
            queries("shard_placement")["move_shards"], [shard], [hosts["a"].incarnation]
        )
    for host in hosts.values():
        await host.refresh()

    thread = await comes(hosts["b"], scenario)

    await held(scenario, thread, ana)
    assert pokes == [actor_addresses.conversation_address(thread)]
    for name, expected in (("a", 1), ("b", 0)):
        assert hosts[name].actors.count_kind(actor_addresses.TEAM_QUEUE) == expected


async def test_a_host_looks_after_the_queues_whose_actors_live_there(
    scenario: AssignmentScenario,
) -> None:
    """``teams.shard`` is that of the actor's address."""
    await scenario.add_waiting_customer()
    await scenario.add_agent()
    queues, tenant = QueueAssigner(scenario.database), scenario.place.tenant
    shard = actor_addresses.team_queue_address(tenant, TEAM).shard

    assert await queues.find_assignable_queues([shard]) == [(tenant, TEAM)]
    assert await queues.find_assignable_queues([n for n in range(1024) if n != shard]) == []


async def test_a_queue_in_which_nobody_waits_or_that_nobody_serves_is_not_woken(
    scenario: AssignmentScenario,
) -> None:
    shards = list(range(1024))
    ana = await scenario.add_agent()
    assert await scenario.queues.find_assignable_queues(shards) == []
    await scenario.add_waiting_customer()
    await scenario.set_presence(ana, "away")
    assert await scenario.queues.find_assignable_queues(shards) == []
    await scenario.set_presence(ana, "online")
    await scenario.set_assignment_mode("manual")
    assert await scenario.queues.find_assignable_queues(shards) == []


class CountingDatabase(Database):
    """Counts assignments, and lets the next ones fail."""

    def __init__(self, *pools: Any) -> None:
        super().__init__(*pools)
        self.assigned = self.failures = 0

    async def fetch_autocommit(
        self, connection: Connection, query: str, *values: object
    ) -> list[Any]:
        if query == ASSIGN:
            self.assigned += 1
            if self.failures:
                self.failures -= 1
                raise UnavailableError("it went away", code="database")
        return await super().fetch_autocommit(connection, query, *values)


class QueueActorFixture:
    """One queue's actor, stepped by hand."""

    def __init__(self, database: Database, scenario: AssignmentScenario) -> None:
        self.poked: list[UUID] = []
        self._office = scenario
        self._behaviour = TeamQueueBehaviour(
            QueueAssigner(database), lambda tenant, threads: self.poked.extend(threads)
        )
        tenant = scenario.place.tenant
        self.activation = Activation(actor_addresses.team_queue_address(tenant, TEAM), 0.0)
        self.look = QueueAssignRequest(tenant, TEAM)

    def waiting(self, thread: UUID, waits: bool = True) -> ThreadWaitingChange:
        return ThreadWaitingChange(self._office.place.tenant, TEAM, thread, waits)

    async def step(self, *messages: object) -> bool:
        """Whether it wants another one at once."""
        return bool(await self._behaviour.step([ActorStep(self.activation, list(messages))]))


@pytest_asyncio.fixture
async def counted(database_url: str) -> Any:
    database = await CountingDatabase.open(database_url, size=2)
    yield database
    database.terminate()


async def test_a_thousand_arrivals_of_one_step_are_one_statement(
    scenario: AssignmentScenario, counted: CountingDatabase
) -> None:
    await scenario.add_agent(3)
    threads = [await scenario.add_waiting_customer() for _ in range(3)]
    queue = QueueActorFixture(counted, scenario)

    assert not await queue.step(*(queue.waiting(thread) for thread in threads * 300))

    assert counted.assigned == 1
    assert queue.poked == threads


async def test_a_full_queue_costs_nothing_until_an_agent_has_capacity(
    scenario: AssignmentScenario, counted: CountingDatabase
) -> None:
    await scenario.add_agent(1)
    first, second = await scenario.add_waiting_customer(), await scenario.add_waiting_customer()
    queue = QueueActorFixture(counted, scenario)
    await queue.step(queue.waiting(first))
    for _ in range(5):
        await queue.step(queue.waiting(second), queue.waiting(first, waits=False))
    assert (counted.assigned, queue.poked) == (1, [first])
    await scenario.run_until_idle()
    await scenario.submit_commands(first, cmd.ResolveConversation("ana"))

    await queue.step(queue.look)

    assert (counted.assigned, queue.poked) == (2, [first, second])


async def test_a_queue_with_too_many_notifications_assigns_regardless_of_its_memory(
    scenario: AssignmentScenario, counted: CountingDatabase
) -> None:
    queue = QueueActorFixture(counted, scenario)
    await queue.step(queue.look)  # nobody is there
    await scenario.add_agent(1)
    thread = await scenario.add_waiting_customer()
    queue.activation.has_missed_message = True

    await queue.step(queue.waiting(thread))

    assert queue.poked == [thread]


async def test_a_failed_assignment_is_not_retried_at_once_and_the_next_one_is_complete(
    scenario: AssignmentScenario, counted: CountingDatabase
) -> None:
    await scenario.add_agent(1)
    thread = await scenario.add_waiting_customer()
    queue = QueueActorFixture(counted, scenario)
    counted.failures = 1

    assert not await queue.step(queue.waiting(thread))
    assert queue.activation.error is not None
    assert queue.activation.error[0] == "database"
    await queue.step(queue.waiting(thread))

    assert queue.poked == [thread]


async def test_two_incarnations_of_one_queue_give_each_once(
    scenario: AssignmentScenario, counted: CountingDatabase
) -> None:
    await scenario.add_agent(4)
    threads = [await scenario.add_waiting_customer() for _ in range(6)]
    one, two = QueueActorFixture(counted, scenario), QueueActorFixture(scenario.database, scenario)

    await asyncio.gather(*(each.step(each.look) for each in (one, two) * 3))

    assert sorted(one.poked + two.poked) == sorted(threads[:4])

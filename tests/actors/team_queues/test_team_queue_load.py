"""A thousand people a second come to a queue of fifty agents."""

import pytest

from niochat.actors import actor_addresses
from niochat_lab.bench.measurement.quantiles import quantile
from niochat_lab.bench.workloads.team_queue_workload import (
    TEAM,
    TeamQueueWorkload,
    TeamQueueWorkloadSettings,
    TimedDatabase,
    insert_agents_and_contacts,
)
from tests.builders import Admin, RowBuilder
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest.mark.long
async def test_a_thousand_a_second_never_overload_fifty_agents_nor_let_one_rest(
    cluster: InMemoryCluster, given: RowBuilder, admin: Admin
) -> None:
    plan = TeamQueueWorkloadSettings()
    place = cluster.provider.place
    await insert_agents_and_contacts(admin.execute, place.tenant, place.channel, plan)
    core = await cluster.host("a", connect=TimedDatabase)
    database = cluster.opened[-1].database
    assert isinstance(database, TimedDatabase)
    await cluster.assign_shards(core)
    load = TeamQueueWorkload(
        database,
        place.tenant,
        place.channel,
        plan,
        lambda waiting: core.tell(actor_addresses.team_queue_address(place.tenant, TEAM), waiting),
        lambda thread: core.poke([actor_addresses.conversation_address(thread)], place.tenant),
    )

    seen = await load.run()

    times = seen.freed_to_assigned_ms
    print(
        f"\n{plan.people} came in {seen.arrived_s:.1f} s, {seen.assigned} were given away;"
        f" {len(times)} freed places: p50 {quantile(times, 0.5):.1f} ms,"
        f" p99 {quantile(times, 0.99):.1f} ms; the statement: {len(seen.statement_ms)} times,"
        f" p50 {quantile(seen.statement_ms, 0.5):.1f} ms,"
        f" p99 {quantile(seen.statement_ms, 0.99):.1f} ms"
    )
    assert seen.above == []
    assert seen.overtaken == 0
    assert seen.assigned > plan.agents * plan.capacity
    assert await given.count("conversations", "status = 'waiting'") > 0

    async def nobody_rests() -> bool:
        """While so many wait, everybody has what they may have."""
        return all(row["load"] == row["capacity"] for row in await load.list_loads())

    await wait_until(nobody_rests)

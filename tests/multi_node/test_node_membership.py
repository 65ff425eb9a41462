"""Nodes come, go and are cut off while customers write: nothing lost, twice or out of order."""

import asyncio

import pytest

from niochat.domain.ids import SHARDS
from tests.multi_node.cluster_traffic import (
    assert_clean_audit,
    count_shards_by_owner,
    hosts_on_machine,
    is_stable,
    load_shard_owners,
    run_event_under_traffic,
    wait_for_condition,
)
from tests.multi_node.conftest import RayClusterFixture
from tests.multi_node.network_namespaces import Network

pytestmark = [pytest.mark.in_order, pytest.mark.asyncio]

THIRD = 13
"""The node that joins in the first test and stays for the others."""


async def test_a_node_that_joins_gets_its_share_and_nothing_else_moves(
    cluster: RayClusterFixture,
) -> None:
    await is_stable(cluster, hosts=2)
    before = load_shard_owners(cluster)

    async def join() -> None:
        await asyncio.to_thread(cluster.nodes.join, THIRD)
        await is_stable(cluster, hosts=3)

    assert_clean_audit(await run_event_under_traffic(cluster, join, 20))

    after = load_shard_owners(cluster)
    (new,) = set(after.values()) - set(before.values())
    moved = {shard for shard in after if after[shard] != before[shard]}
    assert {after[shard] for shard in moved} == {new}
    assert SHARDS / 3 * 0.8 < len(moved) < SHARDS / 3 * 1.2
    assert hosts_on_machine(cluster, THIRD) == {new}


async def test_a_node_that_loses_its_power_is_replaced_by_the_others(
    cluster: RayClusterFixture,
) -> None:
    await is_stable(cluster, hosts=3)
    gone = hosts_on_machine(cluster, 12)
    assert gone

    async def power_cut() -> None:
        await asyncio.to_thread(cluster.nodes.kill, 12)
        await wait_for_condition(
            lambda: not gone & set(load_shard_owners(cluster).values()), 45, "its shards moved"
        )

    assert_clean_audit(await run_event_under_traffic(cluster, power_cut, 18))
    await asyncio.to_thread(cluster.nodes.join, 12)
    await wait_for_condition(
        lambda: bool(hosts_on_machine(cluster, 12)), 60, "it carries a host again"
    )
    await is_stable(cluster, hosts=3)


async def test_a_node_cut_off_from_the_others_writes_nothing(cluster: RayClusterFixture) -> None:
    """It still reaches PostgreSQL, which refuses it by the epoch of every shard."""
    await is_stable(cluster, hosts=3)
    lonely = hosts_on_machine(cluster, THIRD)

    async def cut() -> None:
        cluster.nodes.cut(THIRD, Network.CLUSTER)
        await wait_for_condition(
            lambda: not lonely & set(load_shard_owners(cluster).values()), 60, "its shards moved"
        )

    assert_clean_audit(await run_event_under_traffic(cluster, cut, 18))
    # Ray has declared it dead: it comes back as a machine that was started again.
    await asyncio.to_thread(cluster.nodes.kill, THIRD)
    await asyncio.to_thread(cluster.nodes.join, THIRD)
    await wait_for_condition(
        lambda: bool(hosts_on_machine(cluster, THIRD)), 60, "it carries a host again"
    )


async def test_a_node_cut_off_from_postgresql_loses_its_shards(cluster: RayClusterFixture) -> None:
    """Ray and the others find nothing wrong with it."""
    await is_stable(cluster, hosts=3)
    deaf = hosts_on_machine(cluster, 12)

    async def cut() -> None:
        cluster.nodes.cut(12, Network.DATA)
        await wait_for_condition(
            lambda: not deaf & set(load_shard_owners(cluster).values()), 60, "its shards moved"
        )
        cluster.nodes.heal(12, Network.DATA)

    assert_clean_audit(await run_event_under_traffic(cluster, cut, 18))
    await is_stable(cluster, hosts=3)
    assert len(count_shards_by_owner(cluster)) == 3

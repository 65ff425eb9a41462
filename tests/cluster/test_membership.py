"""Nodes come, go and are cut off while customers write: nothing lost, twice or out of order."""

import asyncio

import pytest

from niochat.domain.ids import SHARDS
from tests.cluster.conftest import Cluster
from tests.cluster.namespaces import Network
from tests.cluster.traffic import clean, comes, counted, during, hosts_at, owners, settled

pytestmark = [pytest.mark.in_order, pytest.mark.asyncio]

THIRD = 13
"""The node that joins in the first test and stays for the others."""


async def test_a_node_that_joins_gets_its_share_and_nothing_else_moves(cluster: Cluster) -> None:
    await settled(cluster, hosts=2)
    before = owners(cluster)

    async def join() -> None:
        await asyncio.to_thread(cluster.nodes.join, THIRD)
        await settled(cluster, hosts=3)

    clean(await during(cluster, join, 20))

    after = owners(cluster)
    (new,) = set(after.values()) - set(before.values())
    moved = {shard for shard in after if after[shard] != before[shard]}
    assert {after[shard] for shard in moved} == {new}
    assert SHARDS / 3 * 0.8 < len(moved) < SHARDS / 3 * 1.2
    assert hosts_at(cluster, THIRD) == {new}


async def test_a_node_that_loses_its_power_is_replaced_by_the_others(cluster: Cluster) -> None:
    await settled(cluster, hosts=3)
    gone = hosts_at(cluster, 12)
    assert gone

    async def power_cut() -> None:
        await asyncio.to_thread(cluster.nodes.kill, 12)
        await comes(lambda: not gone & set(owners(cluster).values()), 45, "its shards moved")

    clean(await during(cluster, power_cut, 18))
    await asyncio.to_thread(cluster.nodes.join, 12)
    await comes(lambda: bool(hosts_at(cluster, 12)), 60, "it carries a host again")
    await settled(cluster, hosts=3)


async def test_a_node_cut_off_from_the_others_writes_nothing(cluster: Cluster) -> None:
    """It still reaches PostgreSQL, which refuses it by the epoch of every shard."""
    await settled(cluster, hosts=3)
    lonely = hosts_at(cluster, THIRD)

    async def cut() -> None:
        cluster.nodes.cut(THIRD, Network.CLUSTER)
        await comes(lambda: not lonely & set(owners(cluster).values()), 60, "its shards moved")

    clean(await during(cluster, cut, 18))
    # Ray has declared it dead: it comes back as a machine that was started again.
    await asyncio.to_thread(cluster.nodes.kill, THIRD)
    await asyncio.to_thread(cluster.nodes.join, THIRD)
    await comes(lambda: bool(hosts_at(cluster, THIRD)), 60, "it carries a host again")


async def test_a_node_cut_off_from_postgresql_loses_its_shards(cluster: Cluster) -> None:
    """Ray and the others find nothing wrong with it."""
    await settled(cluster, hosts=3)
    deaf = hosts_at(cluster, 12)

    async def cut() -> None:
        cluster.nodes.cut(12, Network.DATA)
        await comes(lambda: not deaf & set(owners(cluster).values()), 60, "its shards moved")
        cluster.nodes.heal(12, Network.DATA)

    clean(await during(cluster, cut, 18))
    await settled(cluster, hosts=3)
    assert len(counted(cluster)) == 3

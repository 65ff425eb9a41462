"""Releases, sizes and the cluster's own server change while customers write."""

import asyncio

import pytest

from tests.multi_node.cluster_traffic import (
    assert_clean_audit,
    count_shards_by_owner,
    is_stable,
    load_shard_owners,
    run_event_under_traffic,
    wait_for_condition,
)
from tests.multi_node.conftest import RayClusterFixture
from tests.multi_node.ray_nodes import kill

ROLLED = ("webhooks", "supervisor")
"""A door, and what rolls hosts and pools: the others would only take time."""

pytestmark = [pytest.mark.in_order, pytest.mark.asyncio]


async def test_a_release_rolls_over_the_cluster_and_load_adds_a_host(
    cluster: RayClusterFixture,
) -> None:
    """One deployment brings both: other code, and limits that any traffic exceeds."""
    await is_stable(cluster)
    before = set(load_shard_owners(cluster).values())
    most = len(before) + 1
    changes = {
        "NIOCHAT_RELEASE": "next",
        "NIOCHAT_HOST_LAG_MS": "0.001",
        "NIOCHAT_MAX_HOSTS": str(most),
    }

    async def roll() -> None:
        await asyncio.to_thread(cluster.nodes.deploy, changes, *ROLLED)
        await wait_for_condition(
            lambda: not before & set(load_shard_owners(cluster).values()), 90, "all were replaced"
        )
        await is_stable(cluster, hosts=most)

    assert_clean_audit(await run_event_under_traffic(cluster, roll, 36))


async def test_hosts_are_dismissed_when_it_is_quiet(cluster: RayClusterFixture) -> None:
    await is_stable(cluster)
    nodes = len(cluster.nodes.workers)
    assert len(count_shards_by_owner(cluster)) > nodes
    quiet = {"NIOCHAT_HOST_LAG_MS": "100000", "NIOCHAT_HOST_IDLE_S": "2", "NIOCHAT_HOSTS": "1"}

    async def back() -> None:
        await asyncio.to_thread(cluster.nodes.deploy, quiet, "supervisor")
        await is_stable(cluster, hosts=nodes)

    assert_clean_audit(await run_event_under_traffic(cluster, back, 15))


async def test_without_the_clusters_server_customers_are_answered(
    cluster: RayClusterFixture,
) -> None:
    """GCS with RocksDB: killed for ten seconds; afterwards a dead host is restarted again."""
    await is_stable(cluster)

    async def away() -> None:
        await asyncio.to_thread(cluster.nodes.restart_gcs, 10.0)

    assert_clean_audit(await run_event_under_traffic(cluster, away, 16))

    hosts = len(count_shards_by_owner(cluster))
    victim = cluster.nodes.running[11].processes("ray::HostActor")[0]
    await asyncio.to_thread(kill, victim)
    gone = set(load_shard_owners(cluster).values())
    await wait_for_condition(
        lambda: set(load_shard_owners(cluster).values()) - gone != set(),
        60,
        "a new one owns shards",
    )
    await is_stable(cluster, hosts=hosts)

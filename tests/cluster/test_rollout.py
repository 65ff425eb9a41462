"""Releases, sizes and the cluster's own server change while customers write."""

import asyncio

import pytest

from tests.cluster.conftest import Cluster
from tests.cluster.nodes import kill
from tests.cluster.traffic import clean, comes, counted, during, owners, settled

ROLLED = ("webhooks", "supervisor")
"""A door, and what rolls hosts and pools: the others would only take time."""

pytestmark = [pytest.mark.in_order, pytest.mark.asyncio]


async def test_a_release_rolls_over_the_cluster_and_load_adds_a_host(cluster: Cluster) -> None:
    """One deployment brings both: other code, and limits that any traffic exceeds."""
    await settled(cluster)
    before = set(owners(cluster).values())
    most = len(before) + 1
    changes = {
        "NIOCHAT_RELEASE": "next", "NIOCHAT_HOST_LAG_MS": "0.001", "NIOCHAT_MAX_HOSTS": str(most),
    }  # fmt: skip

    async def roll() -> None:
        await asyncio.to_thread(cluster.nodes.deploy, changes, *ROLLED)
        await comes(lambda: not before & set(owners(cluster).values()), 90, "all were replaced")
        await settled(cluster, hosts=most)

    clean(await during(cluster, roll, 36))


async def test_hosts_are_dismissed_when_it_is_quiet(cluster: Cluster) -> None:
    await settled(cluster)
    nodes = len(cluster.nodes.workers)
    assert len(counted(cluster)) > nodes
    quiet = {"NIOCHAT_HOST_LAG_MS": "100000", "NIOCHAT_HOST_IDLE_S": "2", "NIOCHAT_HOSTS": "1"}

    async def back() -> None:
        await asyncio.to_thread(cluster.nodes.deploy, quiet, "supervisor")
        await settled(cluster, hosts=nodes)

    clean(await during(cluster, back, 15))


async def test_without_the_clusters_server_customers_are_answered(cluster: Cluster) -> None:
    """GCS with RocksDB: killed for ten seconds; afterwards a dead host is restarted again."""
    await settled(cluster)

    async def away() -> None:
        await asyncio.to_thread(cluster.nodes.restart_gcs, 10.0)

    clean(await during(cluster, away, 16))

    hosts = len(counted(cluster))
    victim = cluster.nodes.running[11].processes("ray::HostActor")[0]
    await asyncio.to_thread(kill, victim)
    gone = set(owners(cluster).values())
    await comes(lambda: set(owners(cluster).values()) - gone != set(), 60, "a new one owns shards")
    await settled(cluster, hosts=hosts)

"""Customers who write while something happens to the cluster, and what the database says."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from niochat.cli.customer_simulation import CustomerSimulation, SimulationAudit
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.ids import SHARDS
from tests.multi_node.conftest import RayClusterFixture
from tests.multi_node.ray_nodes import inner_pid
from tests.wait_until import wait_until

CUSTOMERS = 20
EVENT_AFTER_S = 3.0
QUIET_S = 2.0
SETTLE_S = 90.0

Event = Callable[[], Awaitable[None]]


async def run_event_under_traffic(
    cluster: RayClusterFixture, event: Event, write_s: float
) -> SimulationAudit:
    """Traffic of ``write_s``, the event from its third second on, then the audit of the phones
    once both are over.
    """
    told = cluster.services.environment
    client = SandboxClient(told["NIOCHAT_SANDBOX_URL"], told["NIOCHAT_SANDBOX_TOKEN"])
    seed = random.SystemRandom().randrange(10**6)
    simulation = CustomerSimulation(client, CUSTOMERS, seed, think_s=3.0)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(simulation.run(write_s))
            await asyncio.sleep(EVENT_AFTER_S)
            await event()
        return await simulation.audit_when_settled(SETTLE_S)
    finally:
        await client.close()


def assert_clean_audit(audit: SimulationAudit) -> bool:
    """Everything answered once, in order, by the assistant; the audit is shown when not."""
    assert audit.sent > CUSTOMERS
    found = (audit.lost, audit.twice, audit.out_of_order, audit.handed_off)
    assert found == (0, 0, 0, 0), audit
    return True


def load_shard_owners(cluster: RayClusterFixture) -> dict[int, str]:
    """Incarnation that owns each shard, as PostgreSQL has it."""
    with _asking(cluster) as connection:
        found = connection.execute("SELECT shard, host FROM shards WHERE host IS NOT NULL")
        return dict(found.fetchall())


def count_shards_by_owner(cluster: RayClusterFixture) -> Counter[str]:
    """Shards by incarnation."""
    return Counter(load_shard_owners(cluster).values())


def hosts_on_machine(cluster: RayClusterFixture, number: int) -> set[str]:
    """Incarnations that own shards and whose process runs on that machine."""
    title = "ray::HostActor"
    inner = {inner_pid(process.pid) for process in cluster.nodes.running[number].processes(title)}
    with _asking(cluster) as connection:
        found = connection.execute("SELECT incarnation, node, pid FROM hosts").fetchall()
    node = cluster.nodes.ray_id(number)
    there = {name for name, at, pid in found if at == node and pid in inner}
    return there & set(count_shards_by_owner(cluster))


async def is_stable(cluster: RayClusterFixture, hosts: int | None = None) -> None:
    """Every shard has an owner, there are so many of them, and nothing has moved for a while."""
    last: list[tuple[float, dict[int, str]]] = []

    def quiet() -> bool:
        now = load_shard_owners(cluster)
        if not last or last[-1][1] != now:
            last.append((time.monotonic(), now))
        enough = len(now) == SHARDS and len(set(now.values())) == (hosts or len(set(now.values())))
        return enough and time.monotonic() - last[-1][0] > QUIET_S

    await wait_for_condition(quiet, 75, f"{hosts or 'all'} hosts share the shards")


async def wait_for_condition(condition: Callable[[], bool], within_s: float, what: str) -> None:
    """It is asked in a thread: customers write meanwhile."""
    await wait_until(lambda: asyncio.to_thread(condition), within_s, what=what)


def _asking(cluster: RayClusterFixture) -> "psycopg.Connection[tuple[Any, ...]]":
    return psycopg.connect(cluster.services.postgres.admin_dsn, dbname="niochat", autocommit=True)

"""Host actors go to the node that is chosen for them, and elsewhere when it dies.

Two nodes that share this machine's address are enough for it (``ray.cluster_utils``); nothing of
the host is started, so no database is needed. Runs before the tests in network namespaces.
"""

import asyncio
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util import list_named_actors

from niochat.cluster.actor_client import RAY_NAMESPACE
from niochat.cluster.actor_fleet import ActorFleet
from niochat.cluster.cluster_nodes import NODE_LABEL_VARIABLE, ClusterNodes, NodeRole
from niochat.cluster.hosts import host_actor
from niochat.cluster.pools.pool_clients import PoolName
from niochat.cluster.pools.pool_supervisor import PoolSupervisor
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.fleet.autoscaling import ScalingLimits

OURS = "niochat-carries"
SMALL: dict[str, Any] = {"object_store_memory": 80_000_000, "include_dashboard": False}
SWIFT = {"health_check_period_ms": 1000, "health_check_timeout_ms": 2000}


@dataclass(frozen=True)
class TwoNodes:
    """A head without cores, a node for hosts, one for pools, one for anything."""

    cluster: Cluster
    hosts: Any
    pools: Any
    anything: Any


@pytest.fixture(scope="module")
def two() -> Iterator[TwoNodes]:
    cluster = Cluster(
        initialize_head=True, head_node_args={**SMALL, "num_cpus": 0, "_system_config": SWIFT}
    )
    try:
        added = [
            cluster.add_node(num_cpus=1, labels={OURS: part}, **SMALL)
            for part in ("hosts", "pools", "any")
        ]
        ray.init(address=cluster.address, namespace="tests", log_to_driver=False)
        yield TwoNodes(cluster, *added)
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]  # Ray's test cluster has no types


def where(actor: Any) -> str:
    """Id of the node on which it runs."""
    call = actor.__ray_call__.remote(lambda self: ray.get_runtime_context().get_node_id())
    return str(ray.get(call, timeout=60))


def test_a_host_starts_on_its_node_and_goes_to_another_of_its_kind(
    two: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NODE_LABEL_VARIABLE, OURS)
    chosen = two.anything.node_id
    actor = host_actor.create_host_actor("host-0", chosen)
    assert where(actor) == chosen

    two.cluster.remove_node(two.anything, allow_graceful=False)

    assert _elsewhere(actor, chosen) == two.hosts.node_id


def _elsewhere(actor: Any, gone: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            found = where(actor)
        except ray.exceptions.RayError:
            time.sleep(0.2)
            continue
        if found != gone:
            return found
    raise AssertionError("it was not started again")


@pytest.mark.asyncio
async def test_a_host_that_ray_restarts_while_it_is_dismissed_does_not_live_on(
    two: TwoNodes,
) -> None:
    actor = await asyncio.to_thread(host_actor.create_host_actor, "host-7")
    owner = BackgroundTaskSet("test")
    roster = ActorFleet(owner, None, host_actor.HOST_KIND, host_actor.create_host_actor)
    await roster.discover()
    (host,) = [each for each in roster if each.name == "host-7"]
    ray.kill(actor, no_restart=False)

    roster.terminate(host)

    async with asyncio.timeout(30):
        while await asyncio.to_thread(_names, "host-7"):
            await asyncio.sleep(0.1)
    assert not [each for each in roster if each.name == "host-7"]


def _names(name: str) -> bool:
    found = list_named_actors(all_namespaces=True)
    return {"name": name, "namespace": RAY_NAMESPACE} in found


@pytest.mark.asyncio
async def test_only_labelled_nodes_with_cores_carry_hosts(
    two: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NODE_LABEL_VARIABLE, OURS)
    nodes = ClusterNodes()
    watching = asyncio.get_running_loop().create_task(nodes.run())
    async with asyncio.timeout(30):
        while not nodes.eligible_nodes(NodeRole.HOSTS):
            await asyncio.sleep(0.05)
    watching.cancel()

    assert two.hosts.node_id in nodes.eligible_nodes(NodeRole.HOSTS)
    assert two.pools.node_id not in nodes.eligible_nodes(NodeRole.HOSTS)
    assert two.pools.node_id in nodes.eligible_nodes(NodeRole.POOLS)
    assert nodes.seconds_since_answer < 30


class Member:
    """As a pool's member answers its keeper, without a database."""

    def __init__(self, name: str) -> None:
        self.vitals = {"incarnation": f"{name}.{os.getpid()}", "node": "", "release": "first"}
        self.running = 0
        self.leaving = False

    async def ping(self) -> dict[str, object]:
        return {**self.vitals, "lag_ms": 0.0, "depth": self.running}

    async def leave(self) -> None:
        self.leaving = True

    async def told(self, running: int) -> bool:
        """How many calls it has from now on; whether it was told to leave."""
        self.running = running
        return self.leaving


def _member(name: str, node: str | None, release: str | None) -> Any:
    actor: Any = ray.remote(Member)
    return actor.options(
        name=name,
        namespace=RAY_NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_restarts=-1,
    ).remote(name)


async def _kept(keeper: PoolSupervisor, wanted: set[str]) -> dict[str, Any]:
    """Looks until these members answer and no others are there."""
    async with asyncio.timeout(60):
        while True:
            await keeper.supervise()
            found = await asyncio.to_thread(list_named_actors, True)
            names = {str(each["name"]) for each in found}
            if {name for name in names if name.startswith("assistant-")} == wanted:
                handles = {name: ray.get_actor(name, namespace=RAY_NAMESPACE) for name in wanted}
                await asyncio.gather(*(handle.ping.remote() for handle in handles.values()))
                return handles
            await asyncio.sleep(0.1)


def _keeper(release: str, owner: BackgroundTaskSet) -> PoolSupervisor:
    limits = ScalingLimits(1, 2, lag_ms=math.inf, depth=10, idle_s=1.0)
    return PoolSupervisor(
        PoolName.ASSISTANT, limits, release, owner, nodes=lambda: (), create=_member
    )


@pytest.mark.asyncio
async def test_a_pool_grows_with_its_calls_and_a_member_ends_them_before_it_goes(
    two: TwoNodes,
) -> None:
    owner = BackgroundTaskSet("test")
    keeper = _keeper("first", owner)
    first = await _kept(keeper, {"assistant-0"})

    await first["assistant-0"].told.remote(11)
    both = await _kept(keeper, {"assistant-0", "assistant-1"})

    for handle in both.values():
        await handle.told.remote(1)
    async with asyncio.timeout(60):
        while not await both["assistant-1"].told.remote(1):
            await keeper.supervise()
            await asyncio.sleep(0.1)
    for _ in range(20):
        await keeper.supervise()
        await asyncio.sleep(0.1)
    assert await both["assistant-1"].told.remote(1), "it is there until its call has ended"

    await both["assistant-1"].told.remote(0)
    await _kept(keeper, {"assistant-0"})

    # Another release: a substitute answers before the older member goes.
    await both["assistant-0"].told.remote(0)
    successor = _keeper("second", owner)
    await successor.discover()
    await _kept(successor, {"assistant-1"})

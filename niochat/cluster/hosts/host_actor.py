"""The Ray actor around a host: a detached, named process that Ray restarts anywhere."""

import asyncio
from typing import Any
from uuid import UUID

import ray

from niochat import structured_logging
from niochat.cluster.actor_client import ActorClient, PokeBatch
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import NodeRole
from niochat.cluster.detached_actors import get_or_create_actor
from niochat.cluster.hosts.host_inspection import OperatorRequest
from niochat.cluster.hosts.host_metrics import HostMetricsReporter
from niochat.cluster.hosts.host_process import HostProcess
from niochat.cluster.pools.pool_balancer import PoolBalancer
from niochat.cluster.pools.pool_clients import AssistantPoolClient, pool_names_for
from niochat.composition.components import open_components
from niochat.config import Settings
from niochat.runtime.address import ActorAddress
from niochat.runtime.process import gc_tuning

HOST_KIND = "host"
"""The names of hosts begin with it."""


class HostActor:
    """A shell: the host begins with the first call, which the supervisor's ping is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: HostProcess | None = None
        self._starting = asyncio.Lock()

    def __repr__(self) -> str:
        """How Ray's logs and dashboard name it."""
        return f"HostActor({self._name})"

    async def poke(self, wire: PokeBatch) -> None:
        """Rows wait for these actors."""
        core = await self._started()
        for kind, key, *rest in wire:  # a door of an older release names no tenant
            tenant_id = UUID(bytes=rest[0]) if rest and rest[0] else None
            core.poke([ActorAddress(kind, UUID(bytes=key))], tenant_id)

    async def ask(self, kind: str, key: bytes, payload: object) -> Any:
        """Answer of one actor."""
        core = await self._started()
        return await core.ask(ActorAddress(kind, UUID(bytes=key)), payload)

    async def tell(self, kind: str, key: bytes, payload: object) -> None:
        """A message for one actor."""
        core = await self._started()
        core.tell(ActorAddress(kind, UUID(bytes=key)), payload)

    async def ping(self) -> dict[str, object]:
        """:class:`Heartbeat` as plain values; the incarnation is another one after a restart."""
        return (await self._started()).heartbeat().to_wire()

    async def refresh(self) -> None:
        """The map of shards changed."""
        await (await self._started()).refresh()

    async def release(self, shards: list[int]) -> None:
        """These shards are about to move."""
        await (await self._started()).release_shards(set(shards))

    async def stats(self) -> dict[str, object]:
        """Figures for operators."""
        return (await self._started()).stats()

    async def operate(self, order: OperatorRequest) -> Any:
        """What an operator asks of this host."""
        return await (await self._started()).operate(order)

    async def _started(self) -> HostProcess:
        if self._process is None:
            async with self._starting:
                if self._process is None:
                    self._process = await self._start()
        return self._process

    async def _start(self) -> HostProcess:
        settings = Settings.read()
        structured_logging.configure_logging(settings.log_level, json=True)
        parts = await open_components(settings)
        hosts = ActorClient(parts.database)
        node = ray.get_runtime_context().get_node_id()
        resolve_build_id(settings.build_id)
        pool = AssistantPoolClient(PoolBalancer(pool_names_for(settings.pool_layout)[0]))
        core = HostProcess(
            self._name,
            node,
            parts,
            pool,
            hosts.ask,
            hosts.tell,
            poke=hosts.poke,
            file_reader=pool,
            pool_capacity=pool.capacity,
        )
        core.start()
        parts.background.start(HostMetricsReporter(core).run())
        gc_tuning.tune_gc()
        return core


def create_host_actor(name: str, node: str | None = None, build_id: str | None = None) -> Any:
    """The host's handle; made if it is missing, on ``node`` if that is there. ``release`` is
    what the operator calls the code, if anything. Blocking: not on an event loop.
    """
    return get_or_create_actor(HostActor, name, NodeRole.HOSTS, node, build_id)

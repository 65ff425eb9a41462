"""The Ray actor of a host: a detached, named process that Ray restarts on any suitable node."""

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
"""Prefix of all host names."""


class HostActor:
    """Wraps a :class:`HostProcess`, which starts at the first call: the supervisor's first ping."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: HostProcess | None = None
        self._starting = asyncio.Lock()

    def __repr__(self) -> str:
        """Name in Ray's logs and dashboard."""
        return f"HostActor({self._name})"

    async def poke(self, wire: PokeBatch) -> None:
        """Rows of the database wait for these actors."""
        process = await self._started()
        for kind, key, *rest in wire:  # older builds send no tenant
            tenant_id = UUID(bytes=rest[0]) if rest and rest[0] else None
            process.poke([ActorAddress(kind, UUID(bytes=key))], tenant_id)

    async def ask(self, kind: str, key: bytes, payload: object) -> Any:
        """Send a request to one virtual actor and return its answer."""
        process = await self._started()
        return await process.ask(ActorAddress(kind, UUID(bytes=key)), payload)

    async def tell(self, kind: str, key: bytes, payload: object) -> None:
        """Put a message into the mailbox of one virtual actor."""
        process = await self._started()
        process.tell(ActorAddress(kind, UUID(bytes=key)), payload)

    async def ping(self) -> dict[str, object]:
        """:class:`niochat.cluster.heartbeat.Heartbeat` as plain values.

        A restarted process has a new incarnation.
        """
        return (await self._started()).heartbeat().to_wire()

    async def refresh(self) -> None:
        """Read the shard map again, because it changed."""
        await (await self._started()).refresh()

    async def release(self, shards: list[int]) -> None:
        """Stop work for these shards, because they are about to move to other hosts."""
        await (await self._started()).release_shards(set(shards))

    async def stats(self) -> dict[str, object]:
        """Statistics for operators, see :meth:`HostProcess.stats`."""
        return (await self._started()).stats()

    async def operate(self, request: OperatorRequest) -> Any:
        """Handle a request of an operator to this host."""
        return await (await self._started()).operate(request)

    async def _started(self) -> HostProcess:
        if self._process is None:
            async with self._starting:
                if self._process is None:
                    self._process = await self._start()
        return self._process

    async def _start(self) -> HostProcess:
        settings = Settings.read()
        structured_logging.configure_logging(settings.log_level, json=True)
        components = await open_components(settings)
        actor_client = ActorClient(components.database)
        node = ray.get_runtime_context().get_node_id()
        resolve_build_id(settings.build_id)
        pool = AssistantPoolClient(PoolBalancer(pool_names_for(settings.pool_layout)[0]))
        process = HostProcess(
            self._name,
            node,
            components,
            pool,
            actor_client.ask,
            actor_client.tell,
            poke=actor_client.poke,
            file_reader=pool,
            opinion_pool=pool,
            pool_capacity=pool.capacity,
        )
        process.start()
        components.background.start(HostMetricsReporter(process).run())
        gc_tuning.tune_gc()
        return process


def create_host_actor(name: str, node: str | None = None, build_id: str | None = None) -> Any:
    """Return the host's handle, and create the host if it does not exist.

    See :func:`niochat.cluster.detached_actors.get_or_create_actor` for the arguments. Blocks.
    """
    return get_or_create_actor(HostActor, name, NodeRole.HOSTS, node, build_id)

"""The Ray actor around a host: a detached, named process that Ray restarts anywhere."""

import asyncio
from typing import Any
from uuid import UUID

import ray

from niochat import telemetry
from niochat.actors.cluster_nodes import Part
from niochat.actors.detached import detached
from niochat.actors.gateway import HostGateway, Wire
from niochat.actors.host_core import HostCore
from niochat.actors.inspection import Order
from niochat.actors.metrics import HostMetrics
from niochat.actors.pool_members import Pool
from niochat.actors.pools import AssistantPool, pools
from niochat.actors.release import release_of
from niochat.config import Settings
from niochat.runtime import garbage
from niochat.runtime.address import Address
from niochat.wiring.parts import open_parts

KIND = "host"
"""The names of hosts begin with it."""


class HostActor:
    """A shell: the host begins with the first call, which the supervisor's ping is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._core: HostCore | None = None
        self._starting = asyncio.Lock()

    def __repr__(self) -> str:
        """How Ray's logs and dashboard name it."""
        return f"HostActor({self._name})"

    async def poke(self, wire: Wire) -> None:
        """Rows wait for these actors."""
        core = await self._started()
        for kind, key, *rest in wire:  # a door of an older release names no tenant
            tenant_id = UUID(bytes=rest[0]) if rest and rest[0] else None
            core.poke([Address(kind, UUID(bytes=key))], tenant_id)

    async def ask(self, kind: str, key: bytes, payload: object) -> Any:
        """Answer of one actor."""
        core = await self._started()
        return await core.ask(Address(kind, UUID(bytes=key)), payload)

    async def tell(self, kind: str, key: bytes, payload: object) -> None:
        """A message for one actor."""
        core = await self._started()
        core.tell(Address(kind, UUID(bytes=key)), payload)

    async def ping(self) -> dict[str, object]:
        """:class:`Vitals` as plain values; the incarnation is another one after a restart."""
        return (await self._started()).vitals().as_wire()

    async def refresh(self) -> None:
        """The map of shards changed."""
        await (await self._started()).refresh()

    async def release(self, shards: list[int]) -> None:
        """These shards are about to move."""
        await (await self._started()).release(set(shards))

    async def stats(self) -> dict[str, object]:
        """Figures for operators."""
        return (await self._started()).stats()

    async def operate(self, order: Order) -> Any:
        """What an operator asks of this host."""
        return await (await self._started()).operate(order)

    async def _started(self) -> HostCore:
        if self._core is None:
            async with self._starting:
                if self._core is None:
                    self._core = await self._start()
        return self._core

    async def _start(self) -> HostCore:
        settings = Settings.read()
        telemetry.set_up_logs(settings.log, json=True)
        parts = await open_parts(settings)
        hosts = HostGateway(parts.database)
        node = ray.get_runtime_context().get_node_id()
        release_of(settings.release)
        pool = AssistantPool(Pool(pools(settings.pools)[0]))
        core = HostCore(
            self._name, node, parts, pool, hosts.ask, hosts.tell,
            poke=hosts.poke, reader=pool, places=pool.places,
        )  # fmt: skip
        core.start()
        parts.owner.start(HostMetrics(core).report_for_ever())
        garbage.settle_in()
        return core


def create(name: str, node: str | None = None, release: str | None = None) -> Any:
    """The host's handle; made if it is missing, on ``node`` if that is there. ``release`` is
    what the operator calls the code, if anything. Blocking: not on an event loop.
    """
    return detached(HostActor, name, Part.HOSTS, node, release)

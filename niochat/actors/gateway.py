"""From any process to the host that owns an actor: pokes in batches, asks one by one."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import ray
import structlog
from ray.actor import ActorHandle
from ray.exceptions import RayError

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError, UnavailableError
from niochat.runtime.address import Address
from niochat.runtime.tasks import Owner

_SQL = queries("placement")
_log = structlog.get_logger(__name__)

NAMESPACE = "niochat"
ASK_TIMEOUT_S = 5.0
REFRESH_S = 5.0
"""Age at which the map is read again; a wrong map costs a poke, and rows are swept."""

AT_ONCE = 4
"""Calls with pokes that one host has not answered yet."""
MOST_PENDING = 10_000
"""Pokes that wait for one host; further ones are dropped, as rows are swept."""

Wire = list[tuple[str, bytes, bytes | None]]
"""Pokes as they travel: (kind, key, tenant)."""


def host_name(incarnation: str) -> str:
    """Ray's name of the host actor that an incarnation belongs to."""
    return incarnation.split(".", 1)[0]


class HostGateway:
    """Knows which host owns which shard, and talks to it. Losing a poke costs time only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._map: dict[int, str] = {}
        self._read_at = 0.0
        self._handles: dict[str, ActorHandle[Any]] = {}
        self._pending: dict[str | None, dict[Address, UUID | None]] = defaultdict(dict)
        """By host; of hosts that are not known yet under ``None``."""
        self._calls: Counter[str | None] = Counter()
        self._owner = Owner("pokes")
        self._refreshing = asyncio.Lock()

    def poke(self, addresses: Iterable[Address], tenant_id: UUID | None = None) -> None:
        """Rows of the tenant wait for these actors: look. Returns at once; pokes of one tick
        travel together, and those that come while a host is slow.
        """
        for address in addresses:
            host = self._map.get(address.shard)
            pending = self._pending[host]
            if len(pending) < MOST_PENDING:
                pending[address] = tenant_id
            calls = self._calls[host]
            if not calls or (len(pending) == 1 and calls < AT_ONCE):
                self._calls[host] += 1
                self._owner.start(self._flush(host))

    async def ask(self, address: Address, payload: object) -> Any:
        """Answer of the actor. Raises ``UnavailableError`` when its host does not answer."""
        await self._refresh_when_old()
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                handle = await self._handle(self._map.get(address.shard))
                return await handle.ask.remote(address.kind, address.key.bytes, payload)
        except (RayError, TimeoutError, ValueError) as error:
            self._read_at = 0.0
            raise UnavailableError(
                f"the host of {address.kind} does not answer", code="host"
            ) from error

    async def tell(self, address: Address, payload: object) -> None:
        """Put a message into the actor's mailbox; lost when its host is away."""
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                await self._refresh_when_old()
                handle = await self._handle(self._map.get(address.shard))
                await handle.tell.remote(address.kind, address.key.bytes, payload)
        except (RayError, TimeoutError, ValueError, NiochatError) as error:
            self._read_at = 0.0
            _log.debug("tell_lost", kind=address.kind, error=repr(error))

    async def _flush(self, host: str | None) -> None:
        """Until nothing is pending for the host."""
        await asyncio.sleep(0)
        try:
            while pokes := self._pending.pop(host, None):
                await self._forward(pokes)
        finally:
            self._calls[host] -= 1
            if not self._calls[host]:
                del self._calls[host]

    async def _forward(self, pokes: Mapping[Address, UUID | None]) -> None:
        """To whom the map names now, which may be another one than when they came."""
        try:
            await self._refresh_when_old()
        except NiochatError as error:
            _log.debug("pokes_lost", count=len(pokes), code=error.code)
            return
        by_host: dict[str, Wire] = defaultdict(list)
        for address, tenant_id in pokes.items():
            owner = self._map.get(address.shard)
            if owner is not None:
                tenant = tenant_id.bytes if tenant_id is not None else None
                by_host[owner].append((address.kind, address.key.bytes, tenant))
        await asyncio.gather(*(self._send(owner, wire) for owner, wire in by_host.items()))

    async def _send(self, owner: str, wire: Wire) -> None:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                handle = await self._handle(owner)
                await handle.poke.remote(wire)
        except (RayError, TimeoutError, ValueError) as error:
            self._read_at = 0.0
            self._handles.pop(host_name(owner), None)
            _log.debug("pokes_lost", host=owner, count=len(wire), error=repr(error))

    async def _handle(self, owner: str | None) -> ActorHandle[Any]:
        if owner is None:
            raise ValueError("no host owns the shard yet")
        name = host_name(owner)
        if name not in self._handles:
            # A synchronous call to the GCS with a long time-out: never on the event loop.
            self._handles[name] = await asyncio.to_thread(ray.get_actor, name, namespace=NAMESPACE)
        return self._handles[name]

    async def _refresh_when_old(self) -> None:
        if time.monotonic() - self._read_at < REFRESH_S:
            return
        async with self._refreshing:
            if time.monotonic() - self._read_at < REFRESH_S:
                return
            async with self._database.path() as connection:
                rows = await connection.fetch(_SQL["shards"])
            self._map = {row["shard"]: row["host"] for row in rows if row["host"]}
            self._read_at = time.monotonic()

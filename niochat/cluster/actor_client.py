"""Client from any process to the host that owns an actor: pokes in batches, requests singly."""

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
from niochat.runtime.address import ActorAddress
from niochat.runtime.background_tasks import BackgroundTaskSet

_SQL = queries("shard_placement")
_log = structlog.get_logger(__name__)

RAY_NAMESPACE = "niochat"
CALL_TIMEOUT_S = 5.0
MAX_MAP_AGE_S = 5.0
"""Age at which the shard map is read again. An outdated map loses a poke; the sweep finds its rows.
"""

MAX_CALLS_PER_HOST = 4
"""Concurrent poke calls to one host."""
MAX_PENDING_POKES = 10_000
"""Pokes that wait for one host. More are dropped, because the sweep finds their rows."""

PokeBatch = list[tuple[str, bytes, bytes | None]]
"""Pokes in wire format: (kind, key, tenant id or ``None``)."""


def host_name_from_incarnation(incarnation: str) -> str:
    """Ray actor name of the host that an incarnation belongs to."""
    return incarnation.split(".", 1)[0]


class ActorClient:
    """Sends pokes, requests and messages to the host that owns an actor's shard.

    A lost poke costs time only: the recovery sweep finds its rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shard_map: dict[int, str] = {}
        self._read_at = 0.0
        self._handles: dict[str, ActorHandle[Any]] = {}
        self._pending: dict[str | None, dict[ActorAddress, UUID | None]] = defaultdict(dict)
        """Pokes by host; under ``None`` those whose shard has no known owner."""
        self._calls: Counter[str | None] = Counter()
        self._background = BackgroundTaskSet("pokes")
        self._refresh_lock = asyncio.Lock()

    def poke(self, addresses: Iterable[ActorAddress], tenant_id: UUID | None = None) -> None:
        """Tell these actors that rows of the tenant wait for them. Returns at once.

        Pokes of one event-loop tick are sent in one call, as are pokes that accumulate while a
        host is slow to answer.
        """
        for address in addresses:
            host = self._shard_map.get(address.shard)
            pending = self._pending[host]
            if len(pending) < MAX_PENDING_POKES:
                pending[address] = tenant_id
            calls = self._calls[host]
            if not calls or (len(pending) == 1 and calls < MAX_CALLS_PER_HOST):
                self._calls[host] += 1
                self._background.start(self._flush(host))

    async def ask(self, address: ActorAddress, payload: object) -> Any:
        """Send a request and return the actor's answer.

        Raises ``UnavailableError`` when its host does not answer within ``CALL_TIMEOUT_S``.
        """
        await self._refresh_map_when_old()
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                handle = await self._handle(self._shard_map.get(address.shard))
                return await handle.ask.remote(address.kind, address.key.bytes, payload)
        except (RayError, TimeoutError, ValueError) as error:
            self._read_at = 0.0
            raise UnavailableError(
                f"the host of {address.kind} does not answer", code="host"
            ) from error

    async def tell(self, address: ActorAddress, payload: object) -> None:
        """Put a message into the actor's mailbox. It is lost when the host does not answer."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await self._refresh_map_when_old()
                handle = await self._handle(self._shard_map.get(address.shard))
                await handle.tell.remote(address.kind, address.key.bytes, payload)
        except (RayError, TimeoutError, ValueError, NiochatError) as error:
            self._read_at = 0.0
            _log.debug("message_lost", kind=address.kind, error=repr(error))

    async def _flush(self, host: str | None) -> None:
        """Send pokes until none is pending for the host."""
        await asyncio.sleep(0)
        try:
            while pokes := self._pending.pop(host, None):
                await self._send_to_owners(pokes)
        finally:
            self._calls[host] -= 1
            if not self._calls[host]:
                del self._calls[host]

    async def _send_to_owners(self, pokes: Mapping[ActorAddress, UUID | None]) -> None:
        """Send pokes to the owners in the current map, which may have changed since ``poke``."""
        try:
            await self._refresh_map_when_old()
        except NiochatError as error:
            _log.debug("pokes_lost", count=len(pokes), code=error.code)
            return
        by_host: dict[str, PokeBatch] = defaultdict(list)
        for address, tenant_id in pokes.items():
            owner = self._shard_map.get(address.shard)
            if owner is not None:
                tenant = tenant_id.bytes if tenant_id is not None else None
                by_host[owner].append((address.kind, address.key.bytes, tenant))
        await asyncio.gather(*(self._send(owner, wire) for owner, wire in by_host.items()))

    async def _send(self, owner: str, wire: PokeBatch) -> None:
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                handle = await self._handle(owner)
                await handle.poke.remote(wire)
        except (RayError, TimeoutError, ValueError) as error:
            self._read_at = 0.0
            self._handles.pop(host_name_from_incarnation(owner), None)
            _log.debug("pokes_lost", host=owner, count=len(wire), error=repr(error))

    async def _handle(self, owner: str | None) -> ActorHandle[Any]:
        if owner is None:
            raise ValueError("no host owns the shard yet")
        name = host_name_from_incarnation(owner)
        if name not in self._handles:
            # A synchronous call to the GCS with a long time-out: never on the event loop.
            self._handles[name] = await asyncio.to_thread(
                ray.get_actor, name, namespace=RAY_NAMESPACE
            )
        return self._handles[name]

    async def _refresh_map_when_old(self) -> None:
        if time.monotonic() - self._read_at < MAX_MAP_AGE_S:
            return
        async with self._refresh_lock:
            if time.monotonic() - self._read_at < MAX_MAP_AGE_S:
                return
            async with self._database.as_system() as connection:
                rows = await connection.fetch(_SQL["shards"])
            self._shard_map = {row["shard"]: row["host"] for row in rows if row["host"]}
            self._read_at = time.monotonic()

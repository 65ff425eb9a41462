"""Turn grants: turns that tenants' actors allowed this host to start."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from niochat.actors import actor_addresses
from niochat.actors.tenant_actor import TurnGrant, TurnGrantRequest
from niochat.domain.errors import NiochatError
from niochat.runtime.address import ActorAddress

_log = structlog.get_logger(__name__)

_MAX_WAIT_S = 5.0
"""Longest time before a grant is asked for again, because the rate may be raised meanwhile."""

AskActor = Callable[[ActorAddress, object], Awaitable[object]]
"""Sends a request to a virtual actor on any host and returns its answer."""


class TurnGrantClient:
    """Holds granted turns by tenant. If a tenant's actor does not answer, a turn starts without a
    grant.
    """

    def __init__(self, ask: AskActor, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._granted: dict[UUID, int] = {}
        self._waits: dict[UUID, tuple[float, bool]] = {}
        """Until when a tenant grants nothing, and whether its model asked for that."""
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def acquire(self, tenant_id: UUID) -> float:
        """Uses one granted turn. Returns 0, or the seconds to wait before asking again."""
        if self._granted.get(tenant_id, 0) <= 0:
            async with self._locks[tenant_id]:  # one grant serves many waiting turns
                wait_s = await self._renew(tenant_id)
            if wait_s > 0:
                return wait_s
        self._granted[tenant_id] = self._granted.get(tenant_id, 0) - 1
        return 0.0

    def invalidate(self, tenant_id: UUID) -> None:
        """Drops the turns granted to a tenant that was throttled."""
        self._granted.pop(tenant_id, None)
        self._waits.pop(tenant_id, None)

    def is_throttled(self, tenant_id: UUID) -> bool:
        """Whether nothing is granted because the tenant's model asked to wait."""
        until, throttled = self._waits.get(tenant_id, (0.0, False))
        return throttled and self._clock() < until

    async def _renew(self, tenant_id: UUID) -> float:
        if self._granted.get(tenant_id, 0) > 0:
            return 0.0
        until, _ = self._waits.get(tenant_id, (0.0, False))
        if (left_s := until - self._clock()) > 0:
            return left_s
        try:
            grant = await self._ask(actor_addresses.tenant_address(tenant_id), TurnGrantRequest())
        except NiochatError as error:
            _log.warning("turn_grant_failed", tenant=str(tenant_id), code=error.code)
            grant = TurnGrant(1, 0.0)  # answering the customer matters more than the rate
        assert isinstance(grant, TurnGrant)
        self._granted[tenant_id] = self._granted.get(tenant_id, 0) + grant.turns
        if grant.turns:
            return 0.0
        wait_s = max(grant.wait_s, 0.05)
        self._waits[tenant_id] = (self._clock() + min(wait_s, _MAX_WAIT_S), grant.throttled)
        return wait_s

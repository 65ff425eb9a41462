"""The flood guard: so many webhooks of one tenant as no provider has are turned away.

What a gateway does after an answer other than 2xx is not documented, so this is no means of
sharing: that begins after storing. Tokens are taken from the shared bucket in blocks and ahead of
time; a webhook costs a look into memory and never waits.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.redis.buckets import Taken
from niochat.domain.held_back import TenantThrottle, ThrottleReason
from niochat.ingress.refusals import Refusals
from niochat.runtime.tasks import BackgroundTaskSet

BLOCK = 200
"""Tokens taken at a time, and the credit of a tenant until the first block is there."""
REFUSE_S = 0.25
"""The shortest refusal: the shared bucket is not asked about every webhook of a flood."""
MOST_TENANTS = 10_000

Take = Callable[[UUID, int], Awaitable[Taken | None]]
"""Tokens of a tenant's shared bucket; ``None``: it cannot be asked now."""


@dataclass(slots=True)
class _Tenant:
    tokens: float
    alone: float
    """Tokens of the bucket that counts while the shared one is away."""
    alone_at: float
    asking: bool = False
    refused_until: float = 0.0


class FloodGuard:
    """One replica's part of the tenants' buckets, which hold ``per_s`` and ``burst``."""

    def __init__(
        self,
        take: Take,
        *,
        per_s: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._take = take
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._tenants: OrderedDict[UUID, _Tenant] = OrderedDict()
        self._refusals = Refusals(ThrottleReason.FLOOD, clock)
        self._owner = BackgroundTaskSet("flood guard")

    def refuse_s(self, tenant_id: UUID) -> float:
        """0: one webhook of the tenant may come in; else the seconds after which to repeat it."""
        now = self._clock()
        tenant = self._tenant(tenant_id, now)
        wait_s = tenant.refused_until - now
        if wait_s <= 0 and tenant.tokens <= -BLOCK:
            wait_s = REFUSE_S  # the answer about the last block is still under way
        if wait_s > 0:
            self._refusals.note(tenant_id)
            return wait_s
        tenant.tokens -= 1
        if tenant.tokens < BLOCK / 2 and not tenant.asking:
            tenant.asking = True
            self._owner.start(self._refill(tenant_id, tenant))
        return 0.0

    def held_back(self) -> list[TenantThrottle]:
        """Tenants of which something was refused lately, and how much since it began."""
        return self._refusals.held_back()

    def _tenant(self, tenant_id: UUID, now: float) -> _Tenant:
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            if len(self._tenants) >= MOST_TENANTS:
                self._tenants.popitem(last=False)
            tenant = self._tenants[tenant_id] = _Tenant(float(BLOCK), self._burst, now)
        return tenant

    async def _refill(self, tenant_id: UUID, tenant: _Tenant) -> None:
        try:
            wanted = int(BLOCK - tenant.tokens)
            taken = await self._take(tenant_id, wanted)
            if taken is None:
                taken = self._take_alone(tenant, wanted)
            tenant.tokens += taken.granted
            if tenant.tokens <= 0:
                wait_s = max(taken.wait_s, REFUSE_S)
                tenant.refused_until = self._clock() + wait_s
        finally:
            tenant.asking = False

    def _take_alone(self, tenant: _Tenant, wanted: int) -> Taken:
        """By this replica's own count, the whole rate: better too much than a lost webhook."""
        now = self._clock()
        tenant.alone = min(tenant.alone + (now - tenant.alone_at) * self._per_s, self._burst)
        tenant.alone_at = now
        granted = min(int(tenant.alone), wanted)
        tenant.alone -= granted
        return Taken(granted, 0.0 if granted else (1.0 - tenant.alone) / self._per_s)

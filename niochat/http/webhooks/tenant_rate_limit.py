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

from niochat.adapters.redis.token_buckets import TokenGrant
from niochat.domain.tenant.throttling import TenantThrottle, ThrottleReason
from niochat.http.webhooks.throttle_counter import ThrottleCounter
from niochat.runtime.background_tasks import BackgroundTaskSet

TOKEN_BLOCK = 200
"""Tokens taken at a time, and the credit of a tenant until the first block is there."""
MIN_RETRY_AFTER_S = 0.25
"""The shortest refusal: the shared bucket is not asked about every webhook of a flood."""
MAX_TRACKED_TENANTS = 10_000

TakeTenantTokens = Callable[[UUID, int], Awaitable[TokenGrant | None]]
"""Tokens of a tenant's shared bucket; ``None``: it cannot be asked now."""


@dataclass(slots=True)
class _TenantBucket:
    tokens: float
    local_tokens: float
    """Tokens of the bucket that counts while the shared one is away."""
    local_refilled_at: float
    refilling: bool = False
    rejected_until: float = 0.0


class TenantRateLimiter:
    """One replica's part of the tenants' buckets, which hold ``per_s`` and ``burst``."""

    def __init__(
        self,
        take: TakeTenantTokens,
        *,
        per_s: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._take = take
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._tenants: OrderedDict[UUID, _TenantBucket] = OrderedDict()
        self._throttle_counter = ThrottleCounter(ThrottleReason.FLOOD, clock)
        self._owner = BackgroundTaskSet("flood guard")

    def take_token(self, tenant_id: UUID) -> float:
        """0: one webhook of the tenant may come in; else the seconds after which to repeat it."""
        now = self._clock()
        tenant = self._bucket(tenant_id, now)
        wait_s = tenant.rejected_until - now
        if wait_s <= 0 and tenant.tokens <= -TOKEN_BLOCK:
            wait_s = MIN_RETRY_AFTER_S  # the answer about the last block is still under way
        if wait_s > 0:
            self._throttle_counter.record(tenant_id)
            return wait_s
        tenant.tokens -= 1
        if tenant.tokens < TOKEN_BLOCK / 2 and not tenant.refilling:
            tenant.refilling = True
            self._owner.start(self._refill(tenant_id, tenant))
        return 0.0

    def list_throttles(self) -> list[TenantThrottle]:
        """Tenants of which something was refused lately, and how much since it began."""
        return self._throttle_counter.list_throttles()

    def _bucket(self, tenant_id: UUID, now: float) -> _TenantBucket:
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            if len(self._tenants) >= MAX_TRACKED_TENANTS:
                self._tenants.popitem(last=False)
            tenant = self._tenants[tenant_id] = _TenantBucket(float(TOKEN_BLOCK), self._burst, now)
        return tenant

    async def _refill(self, tenant_id: UUID, tenant: _TenantBucket) -> None:
        try:
            wanted = int(TOKEN_BLOCK - tenant.tokens)
            taken = await self._take(tenant_id, wanted)
            if taken is None:
                taken = self._take_locally(tenant, wanted)
            tenant.tokens += taken.granted
            if tenant.tokens <= 0:
                wait_s = max(taken.wait_s, MIN_RETRY_AFTER_S)
                tenant.rejected_until = self._clock() + wait_s
        finally:
            tenant.refilling = False

    def _take_locally(self, tenant: _TenantBucket, wanted: int) -> TokenGrant:
        """By this replica's own count, the whole rate: better too much than a lost webhook."""
        now = self._clock()
        tenant.local_tokens = min(
            tenant.local_tokens + (now - tenant.local_refilled_at) * self._per_s, self._burst
        )
        tenant.local_refilled_at = now
        granted = min(int(tenant.local_tokens), wanted)
        tenant.local_tokens -= granted
        return TokenGrant(granted, 0.0 if granted else (1.0 - tenant.local_tokens) / self._per_s)

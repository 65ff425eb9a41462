"""Rejects the webhooks of a tenant above a rate that no real provider reaches.

Gateways do not document what they do after a response other than 2xx, so this limit only protects
the installation; fair sharing begins after storing. Tokens are taken from the shared bucket in
blocks and in advance: a webhook only reads memory and never waits.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.redis.token_buckets import TokenGrant
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.http.webhooks.throttle_counter import ThrottleCounter
from niochat.runtime.background_tasks import BackgroundTaskSet

TOKEN_BLOCK = 200
"""Tokens taken at a time, and the credit of a tenant until the first block arrives."""
MIN_RETRY_AFTER_S = 0.25
"""The shortest rejection: the shared bucket is not asked for every webhook of a flood."""
MAX_TRACKED_TENANTS = 10_000

TakeTenantTokens = Callable[[UUID, int], Awaitable[TokenGrant | None]]
"""Takes tokens from the shared bucket of a tenant; None if the bucket is not available."""


@dataclass(slots=True)
class _TenantBucket:
    tokens: float
    local_tokens: float
    """Tokens of the local bucket, used while the shared one is not available."""
    local_refilled_at: float
    refilling: bool = False
    rejected_until: float = 0.0


class TenantRateLimiter:
    """Limits each tenant with a shared bucket that holds ``burst`` tokens and gains ``per_s`` a
    second. This is the part of one replica.
    """

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
        self._owner = BackgroundTaskSet("tenant rate limit")

    def take_token(self, tenant_id: UUID) -> float:
        """Take a token for one webhook. Return 0, or the seconds after which to repeat the
        webhook.
        """
        now = self._clock()
        tenant = self._bucket(tenant_id, now)
        wait_s = tenant.rejected_until - now
        if wait_s <= 0 and tenant.tokens <= -TOKEN_BLOCK:
            wait_s = MIN_RETRY_AFTER_S  # the last block has not arrived yet
        if wait_s > 0:
            self._throttle_counter.record(tenant_id)
            return wait_s
        tenant.tokens -= 1
        if tenant.tokens < TOKEN_BLOCK / 2 and not tenant.refilling:
            tenant.refilling = True
            self._owner.start(self._refill(tenant_id, tenant))
        return 0.0

    def list_throttles(self) -> list[TenantThrottleStatus]:
        """Return the tenants with recently rejected webhooks, and how many since it began."""
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
            count = int(TOKEN_BLOCK - tenant.tokens)
            grant = await self._take(tenant_id, count)
            if grant is None:
                grant = self._take_locally(tenant, count)
            tenant.tokens += grant.granted
            if tenant.tokens <= 0:
                wait_s = max(grant.wait_s, MIN_RETRY_AFTER_S)
                tenant.rejected_until = self._clock() + wait_s
        finally:
            tenant.refilling = False

    def _take_locally(self, tenant: _TenantBucket, count: int) -> TokenGrant:
        """Grant the whole rate in this replica: too much is better than a lost webhook."""
        now = self._clock()
        tenant.local_tokens = min(
            tenant.local_tokens + (now - tenant.local_refilled_at) * self._per_s, self._burst
        )
        tenant.local_refilled_at = now
        granted = min(int(tenant.local_tokens), count)
        tenant.local_tokens -= granted
        return TokenGrant(granted, 0.0 if granted else (1.0 - tenant.local_tokens) / self._per_s)

"""Whom a door turned away or kept waiting lately, as operators are told."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from niochat.domain.tenant.throttling import TenantThrottle, ThrottleReason

THROTTLE_EXPIRY_S = 5.0
"""It is over when nobody of the tenant was noted for so long."""
MAX_TENANTS = 10_000


@dataclass(slots=True)
class _ThrottleCount:
    since: float
    last: float
    count: int = 0


class ThrottleCounter:
    """One reason's count for each tenant, since it began."""

    def __init__(self, reason: ThrottleReason, clock: Callable[[], float] = time.monotonic) -> None:
        self._reason = reason
        self._clock = clock
        self._tenants: OrderedDict[UUID, _ThrottleCount] = OrderedDict()

    def record(self, tenant_id: UUID) -> None:
        """One more of the tenant."""
        now = self._clock()
        noted = self._tenants.get(tenant_id)
        if noted is None or now - noted.last >= THROTTLE_EXPIRY_S:
            if noted is None and len(self._tenants) >= MAX_TENANTS:
                self._tenants.popitem(last=False)
            noted = self._tenants[tenant_id] = _ThrottleCount(now, now)
        noted.last = now
        noted.count += 1

    def list_throttles(self) -> list[TenantThrottle]:
        """Tenants that were noted lately, and how often since it began."""
        now = self._clock()
        for tenant_id in [t for t, each in self._tenants.items() if self._is_expired(each, now)]:
            del self._tenants[tenant_id]
        return [
            TenantThrottle(tenant_id, self._reason, _time_before_now(now - each.since), each.count)
            for tenant_id, each in self._tenants.items()
        ]

    def _is_expired(self, noted: _ThrottleCount, now: float) -> bool:
        return now - noted.last >= THROTTLE_EXPIRY_S


def _time_before_now(ago_s: float) -> datetime:
    return datetime.fromtimestamp(time.time() - ago_s, UTC)

"""Counts the webhooks of each tenant that were recently rejected or delayed, for operators."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason

THROTTLE_EXPIRY_S = 5.0
"""The throttle of a tenant ends this long after its last webhook was rejected or delayed."""
MAX_TENANTS = 10_000


@dataclass(slots=True)
class _ThrottleCount:
    since: float
    last: float
    count: int = 0


class ThrottleCounter:
    """Counts by tenant for one reason, since the throttle began."""

    def __init__(self, reason: ThrottleReason, clock: Callable[[], float] = time.monotonic) -> None:
        self._reason = reason
        self._clock = clock
        self._tenants: OrderedDict[UUID, _ThrottleCount] = OrderedDict()

    def record(self, tenant_id: UUID) -> None:
        """Count one webhook of the tenant."""
        now = self._clock()
        entry = self._tenants.get(tenant_id)
        if entry is None or now - entry.last >= THROTTLE_EXPIRY_S:
            if entry is None and len(self._tenants) >= MAX_TENANTS:
                self._tenants.popitem(last=False)
            entry = self._tenants[tenant_id] = _ThrottleCount(now, now)
        entry.last = now
        entry.count += 1

    def list_throttles(self) -> list[TenantThrottleStatus]:
        """Return the throttled tenants, and their counts since the throttle began."""
        now = self._clock()
        for tenant_id in [t for t, each in self._tenants.items() if self._is_expired(each, now)]:
            del self._tenants[tenant_id]
        return [
            TenantThrottleStatus(
                tenant_id, self._reason, _time_before_now(now - each.since), each.count
            )
            for tenant_id, each in self._tenants.items()
        ]

    def _is_expired(self, entry: _ThrottleCount, now: float) -> bool:
        return now - entry.last >= THROTTLE_EXPIRY_S


def _time_before_now(ago_s: float) -> datetime:
    return datetime.fromtimestamp(time.time() - ago_s, UTC)

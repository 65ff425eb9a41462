"""Who may come in at a door now: its lines are short, and a loud tenant waits in its own.

A tenant that is alone takes nothing from anybody. While others come, it has a short line; while
the machine is too busy besides, what stands there begins at the one rate that everybody may have
(:mod:`niochat.runtime.fairness.adaptive_rate`). What does not fit hears 503 before its body is
read, and comes in by the gateway's store (:mod:`niochat.http.webhooks.backfill_scheduler`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from niochat.domain.errors import RateLimitedError, UnavailableError
from niochat.domain.tenant.throttling import TenantThrottle, ThrottleReason
from niochat.http.webhooks.tenant_rate_limit import TenantRateLimiter
from niochat.http.webhooks.throttle_counter import ThrottleCounter
from niochat.runtime.fairness.adaptive_rate import (
    MAX_PRESSURE,
    AdaptiveRateLimiter,
    run_adjustments,
)
from niochat.runtime.fairness.adaptive_rate import MAX_RATE as FASTEST

MAX_WEBHOOKS = 400
"""Webhooks in one replica at once, fewer than Serve lets in: what is refused hears why."""
MAX_TENANT_WEBHOOKS = 300
"""Of these, webhooks of one tenant: its slow gateway or its rush leaves room for the others."""
MAX_CONTENDED_TENANT_WEBHOOKS = 64
"""The same while other tenants come too: half of a group's statement. What one moment brings of a
provider that is not loud, some dozens of receipts and answers, has to fit.
"""
MIN_WEBHOOKS_PER_S = 40.0
"""Webhooks a second that a tenant may always begin: with its receipts hardly any provider has more,
and a machine that is busy with other things is none of its fault.
"""
BURST_S = 1.0
"""So much of its rate a tenant may begin at once: customers do not write evenly."""
MAX_WAIT_S = 2.0
"""What would wait longer for its place is refused at once: gateways give up too."""
RECOVERY_S = 10.0
"""After it without a busy look nobody is slowed down, and what was found before is forgotten."""


@dataclass(slots=True)
class _TenantWebhooks:
    """One tenant's webhooks in this replica."""

    in_progress: int = 0
    next_start: float = float("-inf")
    """When its next webhook may begin, had it no burst."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Whoever is first in line holds it: timers alone would let somebody overtake when the loop is
    late. Locks are given in the order in which they were asked.
    """


class AdmissionSlot:
    """A webhook's place in its tenant's line."""

    def __init__(
        self,
        line: _TenantWebhooks,
        start: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._line = line
        self._start = start
        self._clock = clock
        self._sleep = sleep

    @property
    def wait_s(self) -> float:
        """So long it has to wait yet."""
        return max(self._start - self._clock(), 0.0)

    async def wait_until_due(self) -> None:
        """Returns when it may begin, after all that came before it."""
        async with self._line.lock:
            if self.wait_s > 0:
                await self._sleep(self.wait_s)


class WebhookAdmission:
    """Counts what is in progress in one replica. ``line``: the most of one tenant in company."""

    def __init__(
        self,
        guard: TenantRateLimiter | None = None,
        *,
        line: int = MAX_CONTENDED_TENANT_WEBHOOKS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate_limiter = guard
        self._contended_limit = line
        self._clock = clock
        self._sleep = sleep
        # Nothing was found yet: the first busy look begins with what the fastest tenant did.
        self._adaptive_rate = AdaptiveRateLimiter(
            clock, initial_rate=FASTEST, min_rate=MIN_WEBHOOKS_PER_S
        )
        self._busy_at = float("-inf")
        self._tenants: dict[UUID, _TenantWebhooks] = {}
        self._throttle_counter = ThrottleCounter(ThrottleReason.BUSY, clock)
        self.in_progress = 0

    @property
    def is_full(self) -> bool:
        """Whether there is no place for anybody."""
        return self.in_progress >= MAX_WEBHOOKS

    @property
    def is_throttling(self) -> bool:
        """Whether tenants begin at one rate: several came, and the machine was too busy lately."""
        return self._adaptive_rate.is_active and self._clock() - self._busy_at < RECOVERY_S

    @contextmanager
    def admit_request(self) -> Iterator[None]:
        """A place for any request. Raises ``UnavailableError`` (``crowded``) when there is none."""
        if self.is_full:
            raise UnavailableError(
                "Too many webhooks are in progress. Send the webhook again later.", code="crowded"
            )
        self.in_progress += 1
        try:
            yield
        finally:
            self.in_progress -= 1

    @contextmanager
    def admit_tenant(self, tenant_id: UUID, closed_s: float = 0.0) -> Iterator[AdmissionSlot]:
        """A place for a request that is known to be the tenant's. ``closed_s``: for so long
        nothing of its channel is taken.

        Raises ``RateLimitedError`` (``flood``) when it sends more than any provider may,
        ``UnavailableError`` (``crowded``) when its line is full already.
        """
        self._adaptive_rate.record_arrival(tenant_id)
        wait_s = self._rate_limiter.take_token(tenant_id) if self._rate_limiter is not None else 0.0
        if wait_s > 0:
            raise RateLimitedError(
                "The webhook rate of this provider is exceeded. Send the webhook again later.",
                wait_s,
                code="flood",
            )
        line = self._tenants.get(tenant_id) or _TenantWebhooks()
        start = self._schedule_start(tenant_id, line, closed_s)
        self._tenants[tenant_id] = line
        line.in_progress += 1
        try:
            yield AdmissionSlot(line, start, self._clock, self._sleep)
        finally:
            line.in_progress -= 1
            self._discard_if_idle(tenant_id, line)

    def record_pressure(self, pressure: float, passed_s: float) -> None:
        """So busy is the machine, ``passed_s`` after the look before."""
        if pressure > MAX_PRESSURE:
            self._busy_at = self._clock()
        elif self._clock() - self._busy_at >= RECOVERY_S:
            self._adaptive_rate.rate = FASTEST
        self._adaptive_rate.adjust(pressure, passed_s)
        for tenant_id, line in list(self._tenants.items()):
            self._discard_if_idle(tenant_id, line)

    async def run_pressure_loop(self) -> None:
        """The same, every now and then."""
        await run_adjustments(self._adaptive_rate, self.record_pressure)

    def list_throttles(self) -> list[TenantThrottle]:
        """Tenants of which something had to wait, or was refused, lately."""
        return self._throttle_counter.list_throttles()

    def _schedule_start(self, tenant_id: UUID, line: _TenantWebhooks, closed_s: float) -> float:
        """When it may begin. Raises ``UnavailableError`` when it has no place."""
        if closed_s > 0:
            raise self._reject(tenant_id, closed_s)
        if line.in_progress >= (
            self._contended_limit if self._adaptive_rate.is_active else MAX_TENANT_WEBHOOKS
        ):
            raise self._reject(tenant_id)
        now = self._clock()
        due = max(line.next_start, now)
        wait_s = due - BURST_S - now
        if wait_s > MAX_WAIT_S:
            raise self._reject(tenant_id, wait_s)
        if wait_s > 0:
            self._throttle_counter.record(tenant_id)
        step_s = self._adaptive_rate.record_start(tenant_id, 1.0)
        line.next_start = due + step_s if self.is_throttling else due
        return now + max(wait_s, 0.0)

    def _reject(self, tenant_id: UUID, retry_after_s: float | None = None) -> UnavailableError:
        self._throttle_counter.record(tenant_id)
        return UnavailableError(
            "Too many webhooks of this provider are in progress. Send the webhook again later.",
            code="crowded",
            retry_after_s=retry_after_s,
        )

    def _discard_if_idle(self, tenant_id: UUID, line: _TenantWebhooks) -> None:
        if not line.in_progress and line.next_start <= self._clock():
            self._tenants.pop(tenant_id, None)

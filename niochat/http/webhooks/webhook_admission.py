"""Admits webhooks: a bounded number in progress, and a short queue for each tenant.

A tenant that is alone may use the whole replica. While other tenants send webhooks, each tenant has
a short queue; while the machine is also too busy, queued webhooks start at one rate that is the
same for every tenant (:mod:`niochat.runtime.fairness.adaptive_rate`). A webhook that does not fit
gets 503 before its body is read; a back-fill fetches it from the gateway's store
(:mod:`niochat.http.webhooks.backfill_scheduler`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from niochat.domain.errors import RateLimitedError, UnavailableError
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.http.webhooks.tenant_rate_limit import TenantRateLimiter
from niochat.http.webhooks.throttle_counter import ThrottleCounter
from niochat.runtime.fairness.adaptive_rate import (
    MAX_PRESSURE,
    MAX_RATE,
    AdaptiveRateLimiter,
    run_adjustments,
)

MAX_WEBHOOKS = 400
"""Webhooks in progress in one replica; fewer than Serve admits, so that a rejected webhook gets a
reason.
"""
MAX_TENANT_WEBHOOKS = 300
"""Webhooks of one tenant in progress: its slow gateway or its burst leaves room for the others."""
MAX_CONTENDED_TENANT_WEBHOOKS = 64
"""The same while other tenants send webhooks too: half of a batched statement. The usual burst of a
quiet provider, some dozens of receipts and answers, must fit.
"""
MIN_WEBHOOKS_PER_S = 40.0
"""Webhooks a second that every tenant may always start. Few providers have more, receipts
included, and a tenant must not suffer while the machine is busy with other work.
"""
BURST_S = 1.0
"""Seconds of a tenant's rate that may start at once: customers do not write evenly."""
MAX_WAIT_S = 2.0
"""A webhook that would wait longer is rejected at once: gateways have time limits too."""
RECOVERY_S = 10.0
"""After this long without pressure no tenant is delayed, and the rate is reset."""


@dataclass(slots=True)
class _TenantWebhooks:
    """The webhooks of one tenant in this replica."""

    in_progress: int = 0
    next_start: float = float("-inf")
    """When its next webhook may start, without its burst."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the first webhook in the queue: with timers alone, webhooks could overtake each other
    when the event loop is late. Waiters get the lock in their order.
    """


class AdmissionSlot:
    """The place of a webhook in the queue of its tenant."""

    def __init__(
        self,
        queue: _TenantWebhooks,
        start: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._queue = queue
        self._start = start
        self._clock = clock
        self._sleep = sleep

    @property
    def wait_s(self) -> float:
        """The remaining seconds until it may start."""
        return max(self._start - self._clock(), 0.0)

    async def wait_until_due(self) -> None:
        """Return when it may start, after all webhooks before it."""
        async with self._queue.lock:
            if self.wait_s > 0:
                await self._sleep(self.wait_s)


class WebhookAdmission:
    """Counts the webhooks in progress in one replica. ``max_contended`` is the maximum of one
    tenant while other tenants send webhooks too.
    """

    def __init__(
        self,
        rate_limiter: TenantRateLimiter | None = None,
        *,
        max_contended: int = MAX_CONTENDED_TENANT_WEBHOOKS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate_limiter = rate_limiter
        self._max_contended = max_contended
        self._clock = clock
        self._sleep = sleep
        # The first adjustment under pressure starts from the rate of the fastest tenant.
        self._adaptive_rate = AdaptiveRateLimiter(
            clock, initial_rate=MAX_RATE, min_rate=MIN_WEBHOOKS_PER_S
        )
        self._busy_at = float("-inf")
        self._tenants: dict[UUID, _TenantWebhooks] = {}
        self._throttle_counter = ThrottleCounter(ThrottleReason.BUSY, clock)
        self.in_progress = 0

    @property
    def is_full(self) -> bool:
        """Whether no webhook can be admitted."""
        return self.in_progress >= MAX_WEBHOOKS

    @property
    def is_throttling(self) -> bool:
        """Whether webhooks start at one rate: several tenants send, and the machine was too
        busy.
        """
        return self._adaptive_rate.is_active and self._clock() - self._busy_at < RECOVERY_S

    @contextmanager
    def admit_request(self) -> Iterator[None]:
        """Admit any request. Raises ``UnavailableError`` (``crowded``) if the replica is full."""
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
        """Admit an authenticated webhook of the tenant. ``closed_s`` is how long its channel is
        closed.

        Raises ``RateLimitedError`` (``flood``) above the rate limit of the tenant, and
        ``UnavailableError`` (``crowded``) if its queue is full.
        """
        self._adaptive_rate.record_arrival(tenant_id)
        wait_s = self._rate_limiter.take_token(tenant_id) if self._rate_limiter is not None else 0.0
        if wait_s > 0:
            raise RateLimitedError(
                "The webhook rate of this provider is exceeded. Send the webhook again later.",
                wait_s,
                code="flood",
            )
        queue = self._tenants.get(tenant_id) or _TenantWebhooks()
        start = self._schedule_start(tenant_id, queue, closed_s)
        self._tenants[tenant_id] = queue
        queue.in_progress += 1
        try:
            yield AdmissionSlot(queue, start, self._clock, self._sleep)
        finally:
            queue.in_progress -= 1
            self._discard_if_idle(tenant_id, queue)

    def record_pressure(self, pressure: float, passed_s: float) -> None:
        """Adjust the rate to the pressure of the machine, ``passed_s`` after the last
        measurement.
        """
        if pressure > MAX_PRESSURE:
            self._busy_at = self._clock()
        elif self._clock() - self._busy_at >= RECOVERY_S:
            self._adaptive_rate.rate = MAX_RATE
        self._adaptive_rate.adjust(pressure, passed_s)
        for tenant_id, queue in list(self._tenants.items()):
            self._discard_if_idle(tenant_id, queue)

    async def run_pressure_loop(self) -> None:
        """Measure the pressure and adjust the rate until cancelled."""
        await run_adjustments(self._adaptive_rate, self.record_pressure)

    def list_throttles(self) -> list[TenantThrottleStatus]:
        """Return the tenants with recently delayed or rejected webhooks."""
        return self._throttle_counter.list_throttles()

    def _schedule_start(self, tenant_id: UUID, queue: _TenantWebhooks, closed_s: float) -> float:
        """Return when the webhook may start. Raises ``UnavailableError`` if it does not fit."""
        if closed_s > 0:
            raise self._reject(tenant_id, closed_s)
        if queue.in_progress >= (
            self._max_contended if self._adaptive_rate.is_active else MAX_TENANT_WEBHOOKS
        ):
            raise self._reject(tenant_id)
        now = self._clock()
        due = max(queue.next_start, now)
        wait_s = due - BURST_S - now
        if wait_s > MAX_WAIT_S:
            raise self._reject(tenant_id, wait_s)
        if wait_s > 0:
            self._throttle_counter.record(tenant_id)
        step_s = self._adaptive_rate.record_start(tenant_id, 1.0)
        queue.next_start = due + step_s if self.is_throttling else due
        return now + max(wait_s, 0.0)

    def _reject(self, tenant_id: UUID, retry_after_s: float | None = None) -> UnavailableError:
        self._throttle_counter.record(tenant_id)
        return UnavailableError(
            "Too many webhooks of this provider are in progress. Send the webhook again later.",
            code="crowded",
            retry_after_s=retry_after_s,
        )

    def _discard_if_idle(self, tenant_id: UUID, queue: _TenantWebhooks) -> None:
        if not queue.in_progress and queue.next_start <= self._clock():
            self._tenants.pop(tenant_id, None)

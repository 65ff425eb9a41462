"""Limits the calls to a tenant's ERP: how many are concurrent, and how many start per minute."""

import math
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from niochat.erp.circuit_breaker import CircuitBreaker

WAITING_EXPIRES_AFTER_S = 10.0
"""After this time without a waiting call the tenant no longer counts as throttled."""
PERMIT_EXPIRES_AFTER_S = 90.0
"""A permit that is held longer has expired, because the process of its call has died."""
ASSISTANT_SHARE = 0.25
"""Share of a tenant's calls that agents leave to the assistant."""
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class CallPermitRequest:
    """Requests a permit for one call; the answer is a :class:`CallPermit`. ``waiting`` is how many
    calls of the tenant wait for a permit in the requesting process, including this one. A call
    ``for_agent`` leaves some of the permits to the assistant.
    """

    waiting: int = 1
    for_agent: bool = False


@dataclass(frozen=True, slots=True)
class CallPermit:
    """Allows one call if ``id`` is set. Otherwise request again after ``wait_s``, unless
    ``breaker_open`` says that the ERP failed too often to be called now.
    """

    id: UUID | None = None
    wait_s: float = 0.0
    breaker_open: bool = False


@dataclass(frozen=True, slots=True)
class CallPermitRelease:
    """Reports that the call of a permit has ended. ``healthy`` says whether the ERP answered as a
    working one does; ``None`` if it was not called, or the call was cancelled.
    """

    permit: UUID
    healthy: bool | None


@dataclass(slots=True)
class ErpCallLimiter:
    """Limits the calls to one tenant's ERP. ``now`` is the time of a monotonic clock in seconds."""

    max_concurrent: int
    per_minute: int
    tokens: float
    refilled_at: float
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    in_flight: dict[UUID, float] = field(default_factory=dict)
    waiting: int = 0
    """Waiting calls in the process that requested last, including the call it requested for."""
    _waited: tuple[float, float] | None = None
    """When calls began to wait, and when one waited last."""

    def acquire(self, now: float, waiting: int = 1, *, for_agent: bool = False) -> CallPermit:
        """A permit, or how long to wait before the next request."""
        permit = self._try_acquire(now, for_agent=for_agent)
        if permit.id is None or waiting > 1:  # other calls wait behind it
            self._waited = (self.waited_since(now) or now, now)
            self.waiting = waiting
        return permit

    def waited_since(self, now: float) -> float | None:
        """The time since which calls have to wait; ``None`` if they do not."""
        if self._waited is None or now - self._waited[1] > WAITING_EXPIRES_AFTER_S:
            return None
        return self._waited[0]

    def _try_acquire(self, now: float, *, for_agent: bool) -> CallPermit:
        self._expire_permits(now)
        retry_in_s = self.breaker.retry_in_s(now)
        if retry_in_s > 0:
            return CallPermit(wait_s=retry_in_s, breaker_open=True)
        if len(self.in_flight) >= concurrent_calls_for(self.max_concurrent, for_agent=for_agent):
            return CallPermit(wait_s=_POLL_S)
        self._refill(now)
        needed = min(1.0 + self._burst * ASSISTANT_SHARE, self._burst) if for_agent else 1.0
        if self.tokens < needed:
            return CallPermit(wait_s=max((needed - self.tokens) * 60.0 / self.per_minute, _POLL_S))
        self.tokens -= 1.0
        self.breaker.record_start()
        permit = uuid4()
        self.in_flight[permit] = now
        return CallPermit(permit)

    def release(self, outcome: CallPermitRelease, now: float) -> None:
        """Free a permit. The result counts for the breaker even if the permit has expired."""
        self.in_flight.pop(outcome.permit, None)
        self.breaker.record_result(outcome.healthy, now)

    def _expire_permits(self, now: float) -> None:
        expired = [
            permit
            for permit, acquired_at in self.in_flight.items()
            if now - acquired_at > PERMIT_EXPIRES_AFTER_S
        ]
        for permit in expired:
            del self.in_flight[permit]
            self.breaker.probing = False

    def _refill(self, now: float) -> None:
        refilled = self.tokens + (now - self.refilled_at) * self.per_minute / 60.0
        self.tokens = min(refilled, self._burst)
        self.refilled_at = now

    @property
    def _burst(self) -> float:
        # A tenth of the limit, so that the few calls of a conversation do not wait.
        return max(self.per_minute / 10.0, 1.0)


def concurrent_calls_for(max_concurrent: int, *, for_agent: bool) -> int:
    """How many calls may be in progress when another one starts."""
    if not for_agent:
        return max_concurrent
    return max(math.floor(max_concurrent * (1.0 - ASSISTANT_SHARE)), 1)

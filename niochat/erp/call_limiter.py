"""Limits the calls of a tenant's ERP: how many at once, and how many per minute."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from niochat.erp.circuit_breaker import CircuitBreaker

WAITING_EXPIRES_AFTER_S = 10.0
"""Without anybody who waits for so long the tenant is not held back any more."""
PERMIT_EXPIRES_AFTER_S = 90.0
"""A call whose process died is not waited for any longer."""
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class CallPermitRequest:
    """Asks for one call; the answer is a :class:`CallPermit`. ``waiting``: how many calls of the
    tenant want one in the process that asks.
    """

    waiting: int = 1


@dataclass(frozen=True, slots=True)
class CallPermit:
    """``id``: the call may begin. Otherwise ask again after ``wait_s``, unless the ERP is
    ``resting``: it failed so often that asking it makes no sense now.
    """

    id: UUID | None = None
    wait_s: float = 0.0
    breaker_open: bool = False


@dataclass(frozen=True, slots=True)
class CallPermitRelease:
    """The call of a permit came back; ``healthy``: the ERP answered like one that works,
    ``None``: it was not asked, or nobody waited for what it said.
    """

    permit: UUID
    healthy: bool | None


@dataclass(slots=True)
class ErpCallLimiter:
    """The state of one tenant. ``now`` is a monotonic clock in seconds."""

    max_concurrent: int
    per_minute: int
    tokens: float
    refilled_at: float
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    in_flight: dict[UUID, float] = field(default_factory=dict)
    waiting: int = 0
    """Calls that waited in the process that asked last, with the one it asked for."""
    _waited: tuple[float, float] | None = None
    """Since when, and last when."""

    def acquire(self, now: float, waiting: int = 1) -> CallPermit:
        """A permit, or how long to wait before the next request."""
        permit = self._try_acquire(now)
        if permit.id is None or waiting > 1:  # others wait behind it
            self._waited = (self.waited_since(now) or now, now)
            self.waiting = waiting
        return permit

    def waited_since(self, now: float) -> float | None:
        """Since when calls have to wait; ``None`` if they do not."""
        if self._waited is None or now - self._waited[1] > WAITING_EXPIRES_AFTER_S:
            return None
        return self._waited[0]

    def _try_acquire(self, now: float) -> CallPermit:
        self._expire_permits(now)
        rests_s = self.breaker.retry_in_s(now)
        if rests_s > 0:
            return CallPermit(wait_s=rests_s, breaker_open=True)
        if len(self.in_flight) >= self.max_concurrent:
            return CallPermit(wait_s=_POLL_S)
        self._refill(now)
        if self.tokens < 1.0:
            return CallPermit(wait_s=max((1.0 - self.tokens) * 60.0 / self.per_minute, _POLL_S))
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
        gone = [
            id_ for id_, since in self.in_flight.items() if now - since > PERMIT_EXPIRES_AFTER_S
        ]
        for permit in gone:
            del self.in_flight[permit]
            self.breaker.probing = False

    def _refill(self, now: float) -> None:
        # A burst of a tenth of a minute, so that a conversation's few calls do not queue.
        most = max(self.per_minute / 10.0, 1.0)
        self.tokens = min(self.tokens + (now - self.refilled_at) * self.per_minute / 60.0, most)
        self.refilled_at = now

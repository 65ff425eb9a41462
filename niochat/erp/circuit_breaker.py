"""A circuit breaker: after failures in a row it rejects calls, then lets one call try."""

from dataclasses import dataclass

FAILURE_THRESHOLD = 5
"""In a row, before calls are held back."""
MIN_OPEN_S, MAX_OPEN_S = 15.0, 120.0


@dataclass(slots=True)
class CircuitBreaker:
    """The breaker of one tenant's ERP. ``now`` is a monotonic clock in seconds."""

    failures: int = 0
    open_s: float = 0.0
    open_until: float = 0.0
    probing: bool = False
    """The one call after a rest is under way."""

    def retry_in_s(self, now: float) -> float:
        """Seconds until a call may be tried; 0 means now."""
        if self.failures < FAILURE_THRESHOLD:
            return 0.0
        if now < self.open_until:
            return self.open_until - now
        return 1.0 if self.probing else 0.0

    def record_start(self) -> None:
        """A call was let through."""
        self.probing = self.failures >= FAILURE_THRESHOLD

    def record_result(self, healthy: bool | None, now: float) -> None:
        """A call came back; an ERP that said no is healthy. ``None``: the call told nothing."""
        if self.failures >= FAILURE_THRESHOLD and now < self.open_until and not healthy:
            return  # it began before the rest, which it must not make longer
        self.probing = False
        if healthy is None:
            return
        if healthy:
            self.failures, self.open_s = 0, 0.0
            return
        self.failures += 1
        if self.failures >= FAILURE_THRESHOLD:
            self.open_s = min(self.open_s * 2 or MIN_OPEN_S, MAX_OPEN_S)
            self.open_until = now + self.open_s
